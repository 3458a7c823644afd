import { integer, line, list, type VariableTable } from 'iam';

/** Settings of the inventory, in the environment and in .env. */
export const INVENTORY_VARIABLES = {
  RESERVATION_DAYS: {
    schema: integer(1, 365),
    default: '14',
    description: 'How long a reservation lasts, in days.',
  },
  EMAIL_DOMAINS: {
    schema: list(line),
    default: null,
    description: 'Comma list of domains that e-mails of accounts may have. Empty: every domain.',
  },
} as const satisfies VariableTable;
