import { createClient, type Resource, type Resources } from 'iam-client';
import { cookieSession } from 'iam-client/auth';
import { queriesOf } from 'iam-client/query';

/** The address of the service, which needs the address of this page in `CORS_ORIGINS`. */
const url = import.meta.env.VITE_IAM_URL ?? 'http://localhost:3000';

export const session = cookieSession();
export const iam = createClient({ url, session });
export const queries = queriesOf(iam);

/** What the list shows of an account. */
export const SHOWN = {
  include: ['organizations'],
  fields: { 'iam:accounts': ['name', 'email', 'joined_at'], 'iam:organizations': ['name'] },
} as const;

export type Row = Resource<Resources, 'iam:accounts', 'organizations', (typeof SHOWN)['fields']>;
