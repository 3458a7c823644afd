/** Values for every documented filter. */

/** A row somewhere in the middle of a table, its times as ISO 8601 text. */
export type SampleRow = Readonly<Record<string, string>>;

/** The rows that samples are taken from. */
export interface SampleRows {
  readonly account: SampleRow;
  readonly invited: SampleRow;
  readonly resetting: SampleRow;
  readonly pictured: SampleRow;
  readonly organization: SampleRow;
  readonly membership: SampleRow;
  readonly session: SampleRow;
  readonly event: SampleRow;
  readonly apiKey: SampleRow;
  /** Moments of creation: of the 20th newest account, organization, event and key. */
  readonly recent: SampleRow;
}

/** Values of one filter, as they stand in a URL before they are encoded. */
type Samples = (rows: SampleRows) => readonly (string | undefined)[];

const ABSENT_ID = '00000000-0000-7000-8000-000000000000';
const LONG_AGO = '2001-01-01';
const SOON = '2999-01-01';

/**
 * By resource type and filter: values that a few rows have, values that most rows have, and values that none has. Which
 * plan is the right one differs between them.
 */
export const FILTER_SAMPLES: Readonly<Record<string, Readonly<Record<string, Samples>>>> = {
  'iam:accounts': {
    id: ({ account }) => [account['id'], ABSENT_ID],
    id__in: ({ account, invited }) => [`${account['id']},${invited['id']}`],
    kind: () => ['person', 'service'],
    name: ({ account }) => [account['name'], 'Unknown'],
    // The first names are few, the last names many.
    name__match: ({ account }) => [account['name']?.split(' ')[1], 'andré', 'unknown'],
    email: ({ account }) => [account['email'], 'unknown@example.com'],
    email__in: ({ account, invited }) => [`${account['email']},${invited['email']}`],
    email__match: ({ account }) => [account['email']?.split('@')[0], 'EXAMPLE', 'unknown', account['email']],
    sso_channel: ({ account }) => [account['sso_channel'], 'nothing', 'null'],
    enabled: () => ['true', 'false'],
    role_name: () => ['user', 'org_owner', 'admin', 'nothing'],
    role_name__in: () => ['admin,system', 'org_owner,admin', 'user,org_owner'],
    role_name__nin: () => ['user,org_owner', 'user', 'admin', 'user,org_owner,admin'],
    role_scope: ({ membership }) => [`{"org":["${membership['organization_id']}"]}`, '{"region":["eu"]}', '{}'],
    picture_url: ({ pictured }) => [pictured['picture_url'], 'null', 'https://example.com/nothing'],
    locale: () => ['de', 'null', 'nothing'],
    joined_at: ({ account }) => [account['joined_at'], 'null', LONG_AGO],
    joined_at__gte: () => [LONG_AGO, SOON],
    joined_at__lte: () => [LONG_AGO, SOON],
    invitation_expired_at: ({ invited }) => [invited['invitation_expired_at'], 'null', LONG_AGO],
    created_at: ({ account }) => [account['created_at'], account['created_at']?.slice(0, 10), LONG_AGO],
    created_at__gte: ({ recent }) => [recent['account'], LONG_AGO, SOON],
    created_at__lte: ({ account }) => [account['created_at'], LONG_AGO, SOON],
    updated_at: ({ account }) => [account['updated_at'], account['updated_at']?.slice(0, 10), LONG_AGO],
    password_reset_token_expires_at: ({ resetting }) => [resetting['expires_at'], 'null', LONG_AGO],
    // The last is what people paste into a search box: an address whose domain most rows share.
    search: ({ account }) => [
      account['name']?.split(' ')[1],
      account['name'],
      'andré example.com',
      'example',
      'unknown',
      account['email'],
    ],
    with_role_scope: ({ membership }) => [
      `{"org":["${membership['organization_id']}"]}`,
      '{"region":["eu"]}',
      '{"region":["us"]}',
      '{"org":[]}',
    ],
    password_reset_token: () => ['nothing', 'null'],
  },
  'iam:organizations': {
    id: ({ organization }) => [organization['id']],
    id__in: ({ organization }) => [`${organization['id']},${ABSENT_ID}`],
    name: ({ organization }) => [organization['name'], 'Nothing'],
    name__match: ({ organization }) => [organization['name']?.split(' ')[1], 'organization', 'nothing'],
    created_at: ({ organization }) => [organization['created_at'], LONG_AGO],
    created_at__gte: ({ recent }) => [recent['organization'], LONG_AGO, SOON],
    created_at__lte: ({ organization }) => [organization['created_at'], LONG_AGO, SOON],
    updated_at: ({ organization }) => [organization['updated_at'], LONG_AGO],
    account_id: ({ membership }) => [membership['account_id'], ABSENT_ID],
  },
  'iam:account_sessions': {
    id: ({ session }) => [session['id']],
    id__in: ({ session }) => [`${session['id']},${ABSENT_ID}`],
    account_id: ({ session }) => [session['account_id'], ABSENT_ID],
    user_agent: ({ session }) => [session['user_agent'], 'null', 'nothing'],
    ip: ({ session }) => [session['ip'], '::1'],
    refresh_seq: ({ session }) => [session['refresh_seq'], '1000000'],
    nonce: ({ session }) => [session['nonce'], 'nothing'],
  },
  'iam:audit_events': {
    id: ({ event }) => [event['id']],
    id__in: ({ event }) => [`${event['id']},${ABSENT_ID}`],
    action: ({ event }) => [event['action'], 'nothing'],
    action__in: ({ event }) => [`${event['action']},nothing`, 'nothing,neither'],
    action__match: () => ['accounts', 'nothing'],
    actor_id: ({ event }) => [event['actor_id'], 'null', ABSENT_ID],
    actor_id__in: ({ event }) => [`${event['actor_id']},${ABSENT_ID}`],
    target_type: ({ event }) => [event['target_type'], 'null', 'nothing'],
    target_type__in: ({ event }) => [`${event['target_type']},null`, 'nothing,neither'],
    target_id: ({ event }) => [event['target_id'], 'null', ABSENT_ID],
    target_id__in: ({ event }) => [`${event['target_id']},${ABSENT_ID}`],
    ip: ({ event }) => [event['ip'], 'null', '::1'],
    request_id: ({ event }) => [event['request_id'], 'null', 'nothing'],
    created_at: ({ event }) => [event['created_at'], LONG_AGO],
    created_at__gte: ({ recent }) => [recent['event'], LONG_AGO, SOON],
    created_at__lte: ({ event }) => [event['created_at'], LONG_AGO, SOON],
  },
  'iam:api_keys': {
    id: ({ apiKey }) => [apiKey['id'], ABSENT_ID],
    id__in: ({ apiKey }) => [`${apiKey['id']},${ABSENT_ID}`],
    name: ({ apiKey }) => [apiKey['name'], 'Nothing'],
    name__match: ({ apiKey }) => [apiKey['name']?.split(' ')[1], 'build', 'nothing'],
    account_id: ({ apiKey }) => [apiKey['account_id'], ABSENT_ID],
    status: () => ['active', 'expired', 'revoked'],
    status__in: () => ['expired,revoked', 'active,expired,revoked', 'active,revoked'],
    // As with created_at__gte: from the middle on, the order by id passes all older rows first.
    expires_at__gte: ({ recent }) => [recent['apiKeyExpiry'], LONG_AGO, SOON],
    expires_at__lte: ({ apiKey }) => [apiKey['expires_at'], LONG_AGO, SOON],
    last_used_at__gte: ({ recent }) => [recent['apiKeyUse'], LONG_AGO, SOON],
    last_used_at__lte: ({ apiKey }) => [apiKey['last_used_at'], LONG_AGO, SOON],
    created_at__gte: ({ recent }) => [recent['apiKey'], LONG_AGO, SOON],
    created_at__lte: ({ apiKey }) => [apiKey['created_at'], LONG_AGO, SOON],
  },
};
