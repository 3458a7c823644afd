import { v7 as uuidv7 } from 'uuid';
import { emailKey } from '../../auth/email-key.js';
import type { CopyValue } from './copy-rows.js';
import { Random } from './random.js';

const DAY_MS = 24 * 3_600_000;
/** Accounts were created during this time up to now; organizations in the month before. */
const ACCOUNTS_MS = 180 * DAY_MS;
const ORGANIZATIONS_MS = 30 * DAY_MS;
/** How long an invitation is valid (wire contract, section 3); sample invitations are accepted within that time. */
const INVITATION_MS = 3 * DAY_MS;

/** Shares of accounts, from 0 to 1. */
const INVITED = 0.08;
const DISABLED = 0.03;
const OWNERS = 0.01;
const PICTURED = 0.3;
const OUTSIDERS = 0.1;
/** Of accounts that belong to an organization: those that belong to one more, or to two more. */
const SHARED = [0.2, 0.05];

/** The columns of COPY, in the order of the values. */
export const ORGANIZATION_COLUMNS = ['id', 'name', 'created_at', 'updated_at'] as const;
/** The columns of COPY, in the order of the values. */
export const MEMBERSHIP_COLUMNS = ['account_id', 'organization_id'] as const;
/** The columns of COPY, in the order of the values. */
export const ACCOUNT_COLUMNS = [
  'id',
  'name',
  'email',
  'email_key',
  'enabled',
  'role_name',
  'organization_ids',
  'picture_url',
  'joined_at',
  'invitation_expired_at',
  'created_at',
  'updated_at',
] as const;
/** The columns of COPY, in the order of the values. */
export const CREDENTIALS_COLUMNS = ['account_id', 'hashed_password'] as const;

/** A row to copy, and what other rows need to know of it. */
export interface SampleRow {
  readonly id: string;
  readonly values: readonly CopyValue[];
}

/** An account to seed. */
export interface SampleAccount extends SampleRow {
  readonly organizationIds: readonly string[];
  /** Null where it is only invited. */
  readonly hashedPassword: string | null;
}

/** What all accounts of a run have in common. */
export interface SampleSettings {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How many accounts the run makes. */
  readonly accounts: number;
  /** Number in the e-mail of the first account. */
  readonly firstNumber: number;
  readonly hashedPassword: string;
  readonly userRole: string;
  /** The role of those who own an organization. */
  readonly ownerRole: string;
  /** Ids of the organizations that accounts may belong to. */
  readonly organizationIds: readonly string[];
}

/** The n-th of `count` organizations, from 0. */
export function sampleOrganization(n: number, count: number, now: number): SampleRow {
  const random = new Random(-1 - n);
  const start = now - ACCOUNTS_MS - ORGANIZATIONS_MS;
  const createdAt = new Date(moment(n, count, start, ORGANIZATIONS_MS, random));
  const id = uuidv7({ msecs: createdAt.getTime() });
  return { id, values: [id, organizationName(random), createdAt, createdAt] };
}

/**
 * The n-th account of a run, from 0. The first ones own an organization each; the others are users in none, one or a
 * few, some of them invited or disabled. Each is older than the next one, by its creation time and by its id.
 */
export function sampleAccount(n: number, settings: SampleSettings): SampleAccount {
  const { now, accounts, firstNumber, organizationIds } = settings;
  const number = firstNumber + n;
  const random = new Random(number);
  const createdAt = moment(n, accounts, now - ACCOUNTS_MS, ACCOUNTS_MS, random);
  const id = uuidv7({ msecs: createdAt });
  const own = organizationIds[n];
  const owner = own !== undefined || (organizationIds.length > 0 && random.chance(OWNERS));
  const invited = own === undefined && random.chance(INVITED);
  const enabled = own !== undefined || !random.chance(DISABLED);
  const joinedAt = Math.min(now, createdAt + random.below(INVITATION_MS));
  const email = `user${number}@seed.example.com`;
  const ids = own === undefined ? membershipsOf(random, organizationIds, owner) : [own];
  return {
    id,
    hashedPassword: invited ? null : settings.hashedPassword,
    organizationIds: ids,
    values: [
      id,
      personName(random),
      email,
      emailKey(email),
      enabled,
      owner ? settings.ownerRole : settings.userRole,
      `{${ids.join()}}`,
      random.chance(PICTURED) ? `https://seed.example.com/pictures/${number}.png` : null,
      invited ? null : new Date(joinedAt),
      // No token is stored, since it is never sent; disabling an account voids its token.
      invited && enabled ? new Date(createdAt + INVITATION_MS) : null,
      new Date(createdAt),
      new Date(invited ? createdAt : joinedAt),
    ],
  };
}

/** A random time in the n-th of `count` equal parts of a period, so that a later row is never older. */
function moment(n: number, count: number, start: number, length: number, random: Random): number {
  return Math.floor(start + (length * (n + random.next())) / count);
}

function membershipsOf(random: Random, organizationIds: readonly string[], owner: boolean): string[] {
  if (organizationIds.length === 0 || (!owner && random.chance(OUTSIDERS))) return [];
  const count = 1 + SHARED.filter((share) => random.chance(share)).length;
  return [...new Set(Array.from({ length: count }, () => random.pick(organizationIds)))].sort();
}

const words = (text: string): string[] => text.trim().split(/\s*,\s*/);

/** With letters beyond ASCII, to show how sorting and searching handle them. */
const FIRST_NAMES = words(`
  Ada, Aisha, Ana, Bjørn, Carlos, Chloé, Daniel, Élise, Emma, Fatima, Felix, Grace, Hana, Ibrahim, Ines, Jack, João,
  Jürgen, Kofi, Lars, Leila, Liam, Łukasz, Maria, Mei, Miguel, Noah, Nora, Olga, Óscar, Priya, Rafael, Ruth, Sofia,
  Søren, Tomáš, Uma, Wei, Yuki, Zoë`);
const LAST_NAMES = words(`
  Abebe, Andersson, Bauer, Brown, Çelik, Chen, Costa, Dubois, Eriksen, Fernández, García, Gupta, Haddad, Hansen,
  Horváth, Ivanova, Jensen, Kaya, Khan, Kim, Kowalski, Lee, Lopez, Martin, Mensah, Müller, Murphy, Nakamura, Nguyen,
  Novák, O’Brien, Okafor, Patel, Peña, Rossi, Sato, Schäfer, Silva, Smith, Svensson, Tanaka, Taylor, Van Dijk, Weiß,
  Wójcik, Young, Zhang`);
const PLACES = words(`
  Alpine, Atlas, Baltic, Blue River, Bright, Cedar, Copper, Delta, Eastwood, Evergreen, Granite, Harbour, Ivory,
  Juniper, Lakeside, Meridian, Nordic, Orchard, Polar, Quarry, Summit, Tidal`);
const TRADES = words(`
  Analytics, Bakeries, Books, Clinics, Construction, Consulting, Energy, Engineering, Foods, Games, Hotels, Insurance,
  Labs, Logistics, Media, Motors, Pharma, Railways, Schools, Software, Studios`);

/** Name of a person. */
export const personName = (random: Random): string => `${random.pick(FIRST_NAMES)} ${random.pick(LAST_NAMES)}`;

/** Name of an organization. */
export const organizationName = (random: Random): string => `${random.pick(PLACES)} ${random.pick(TRADES)}`;
