import type { TestApp } from '../support/app.js';
import { account, admin, organization } from '../support/factories.js';

/** What the clients meet: two organizations, and people whose names say in which. */
export interface Directory {
  /** Access token of an admin. */
  readonly token: string;
  readonly acme: string;
  readonly globex: string;
  /** Names of Acme's people, in order. */
  readonly acmeNames: readonly string[];
}

const ACME_NAMES = ['Ada', 'Brendan', 'Chloé', 'Dmitri', 'Édith', 'Fatima', 'Grace'];

/** Puts organizations and people into an empty service. */
export async function directory(app: TestApp): Promise<Directory> {
  const acme = await organization(app, 'Acme');
  const globex = await organization(app, 'Globex');
  // Not in the order of their names, so that sorting shows.
  for (const name of ACME_NAMES.toReversed()) await account(app, { name: `${name} of Acme`, org: [acme] });
  await account(app, { name: 'Zoe of both', org: [acme, globex] });
  const { token } = await admin(app);
  return { token, acme, globex, acmeNames: ACME_NAMES.map((name) => `${name} of Acme`) };
}
