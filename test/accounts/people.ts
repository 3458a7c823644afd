import type { TestApp } from '../support/app.js';
import { ids, type ApiResponse } from '../support/client.js';
import {
  account,
  organization,
  signedIn,
  type AccountOptions,
  type SignedIn,
  type TestAccount,
} from '../support/factories.js';

/** Accounts in an organization of their own, with the owner who sees exactly them and itself. */
export interface People<Key extends string> {
  readonly org: string;
  readonly owner: SignedIn;
  readonly made: Readonly<Record<Key, TestAccount>>;
  /** The keys of those people that an answer holds, in its order. */
  keysIn(response: ApiResponse): Key[];
  /** The keys of the people whom the owner finds at `/accounts?query`. */
  find(query: string): Promise<Key[]>;
}

/** Puts accounts into an organization of their own, in the order in which they are written, which `id` keeps. */
export async function people<Key extends string>(
  app: TestApp,
  rows: Readonly<Record<Key, AccountOptions>>,
): Promise<People<Key>> {
  const org = await organization(app);
  const made: Partial<Record<Key, TestAccount>> = {};
  for (const [key, options] of Object.entries<AccountOptions>(rows)) {
    made[key as Key] = await account(app, { ...options, org: [org, ...(options.org ?? [])] });
  }
  const byKey = made as Record<Key, TestAccount>;
  const owner = await signedIn(app, { role: 'org_owner', org: [org] });
  const keys = new Map(Object.entries<TestAccount>(byKey).map(([key, { id }]) => [id, key as Key]));
  const keysIn = (response: ApiResponse): Key[] => ids(response).flatMap((id) => keys.get(id) ?? []);
  return {
    org,
    owner,
    made: byKey,
    keysIn,
    find: async (query) => {
      const response = await owner.get(`/accounts?${query}`);
      if (response.status !== 200) throw new Error(`${query} gave ${response.status}: ${response.text}`);
      return keysIn(response);
    },
  };
}

/** `filter[name]=value`, the value percent-encoded. */
export const filter = (name: string, value: string): string => `filter[${name}]=${encodeURIComponent(value)}`;
