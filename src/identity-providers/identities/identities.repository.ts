import type { PersonalTable } from '../../personal-data/personal-data.js';

/** Identities as rows about their account. */
export const PERSONAL_IDENTITIES: PersonalTable = {
  table: 'account_identities',
  key: 'id',
  accounts: { account_id: [] },
};
