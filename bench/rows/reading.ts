import { get } from '../load.js';
import type { Material, Matches, Row } from '../rows.js';

/** A row that gets one address. */
const reading = (name: string, meaning: string, path: (material: Material) => string): Row => ({
  name,
  meaning,
  traffic: (material) => ({ requests: [get(path(material), material.admin)], status: 200 }),
});

/** A row that gets many accounts, one after the other. */
const showing = (name: string, meaning: string, query = ''): Row => ({
  name,
  meaning,
  traffic: ({ ids, admin }) => ({ requests: ids.map((id) => get(`/accounts/${id}${query}`, admin)), status: 200 }),
});

const PAGE = 'page[size]=50';

const SEARCH = 'filtered, sorted, counted';
/** Where the floor reads every row to count, some ten times a second, and for so long at least. */
const SLOW: readonly Matches[] = ['half', 'all'];
const SLOW_SECONDS = 3;

/** A search by a part of the name with so many matches, newest first and counted. */
const searching = (name: string, meaning: string, matches: Matches): Row => ({
  minSeconds: SLOW.includes(matches) ? SLOW_SECONDS : 0,
  ...reading(
    `${SEARCH}: ${name}`,
    meaning,
    ({ patterns }) =>
      `/accounts?${PAGE}&filter[name__match]=${encodeURIComponent(patterns[matches])}&sort=-created_at&count=true`,
  ),
});

const again = 'the same with a pattern that';

export const READING: readonly Row[] = [
  reading('list of 50', '`GET /accounts?page[size]=50`', () => `/accounts?${PAGE}`),
  searching(
    'one match',
    '`GET /accounts?page[size]=50&filter[name__match]=…&sort=-created_at&count=true` with the whole name of one account; the ' +
      'floor asks for page and count side by side',
    'one',
  ),
  searching('20 matches', `${again} some 20 accounts have`, 'twenty'),
  searching('1 in 64', `${again} one account in 64 has, a first name: some 1,560 of 100,000`, 'oneIn64'),
  searching('half', `${again} about half of the accounts have, a letter`, 'half'),
  searching('all', `${again} every account has, a space`, 'all'),
  {
    ...reading('list of 1000', '`GET /accounts?page[size]=1000`', () => '/accounts?page[size]=1000'),
    firstSetupOnly: true,
  },
  {
    ...reading(
      'page number 1000',
      '`page[number]=1000&page[size]=50`, or the last page of a smaller table: the rows before it are read and skipped',
      ({ accounts }) => `/accounts?page[number]=${Math.min(1000, Math.ceil(accounts / 50))}&${PAGE}`,
    ),
    firstSetupOnly: true,
  },
  {
    ...reading(
      'cursor page at the end',
      'the last 50 accounts through `page[after]`',
      ({ lastCursor }) => `/accounts?page[after]=${lastCursor}&${PAGE}`,
    ),
    firstSetupOnly: true,
  },
  showing('show', '`GET /accounts/{id}`, each time another account'),
  {
    name: 'show, against sessions',
    meaning:
      '`show`, while the floor does what an ordinary server does for a signed-in request: it first queries the session, with ' +
      'its account, by the token',
    traffic: ({ ids, admin, session }, side) => ({
      requests: ids.map((id) =>
        side === 'service' ? get(`/accounts/${id}`, admin) : get(`/with_session/accounts/${id}`, session),
      ),
      status: 200,
    }),
  },
  {
    name: 'show with an API key',
    meaning: '`GET /accounts/{id}` with an API key of the admin instead of a token; the floor does as for `show`',
    firstSetupOnly: true,
    traffic: ({ ids, key }) => ({ requests: ids.map((id) => get(`/accounts/${id}`, key)), status: 200 }),
  },
  showing('sparse show', '`show` with `fields[iam:accounts]=name,email`', '?fields[iam:accounts]=name,email'),
  {
    ...reading(
      'sessions with their accounts',
      '`GET /account_sessions?included=account&page[size]=50`; the floor joins',
      () => `/account_sessions?included=account&${PAGE}`,
    ),
    firstSetupOnly: true,
  },
  {
    name: 'authenticated 403',
    meaning: '`GET /audit_events` by a user whose role lacks the right; the floor sends a constant',
    traffic: ({ user }) => ({ requests: [get('/audit_events', user)], status: 403 }),
  },
];
