import { generateKeyPairSync } from 'node:crypto';
import { ROOT_CONTEXT, defaultTextMapGetter } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { accountErrors } from '../../src/accounts/account.policy.js';
import { AccountResource } from '../../src/accounts/account.resource.js';
import { readJoinBody, wantsRepresentation } from '../../src/accounts/invitations/join.body.js';
import { AccountSessionResource } from '../../src/account-sessions/account-session.resource.js';
import { AccessTokens } from '../../src/auth/tokens/access-tokens.js';
import { addressBlockOf, normalizeAddress } from '../../src/auth/authentication/client-address.js';
import { emailKey } from '../../src/auth/email-key.js';
import { RefreshTokens, SecretBox } from '../../src/auth/tokens/secrets.js';
import { SigningKeys } from '../../src/auth/tokens/signing-keys.js';
import { readBody, readFlatBody } from '../../src/json-api/write/body.js';
import { parseCriteria, parseSelection } from '../../src/json-api/query/criteria.parser.js';
import { decodeCursor } from '../../src/json-api/query/pagination.js';
import { ErrorList, ApiError } from '../../src/json-api/document/errors.js';
import { fieldType } from '../../src/json-api/resource/field-type-factories.js';
import { FIELD_TYPES } from '../../src/json-api/resource/field-types.js';
import { LIMITS } from '../../src/json-api/limits.js';
import { checkAccept, checkContentType, documentMediaType, JSON_BODY } from '../../src/json-api/http/http.js';
import { rejectParameters, splitList } from '../../src/json-api/query/query-string.js';
import { ID } from '../../src/json-api/resource/attributes.js';
import type { AnyResource } from '../../src/json-api/resource/resource.js';
import { IfMatch, parseDocument, REQUIRED_MEMBERS, WriteDocument } from '../../src/json-api/write/write-document.js';
import { chooseLanguage, formatAcceptLanguage, parseAcceptLanguage } from '../../src/language/accept-language.js';
import { Messages } from '../../src/language/messages.js';
import { loggedPath } from '../../src/logging/request-line.js';
import { isMailAddress, oneLine } from '../../src/mail/mail.address.js';
import { OrganizationResource } from '../../src/organizations/organization.resource.js';
import { SentForm } from '../../src/pages/form.js';
import { FormFields, NO_ERRORS } from '../../src/pages/fields.js';
import { ENGLISH } from '../../src/pages/text/page.text.en.js';
import { PageTemplates } from '../../src/pages/page.templates.js';
import { formView } from '../../src/pages/page.views.js';
import { BreachedPasswords } from '../../src/passwords/policy/breached-passwords.js';
import { PasswordPolicy } from '../../src/passwords/policy/password.policy.js';
import { ChangeBody, RequestResetBody, ResetBody } from '../../src/passwords/passwords.dto.js';
import { deviceName } from '../../src/sign-in/device-name.js';
import { LoginBody, RefreshBody } from '../../src/sign-in/sign-in.dto.js';
import { hostileServer } from './parsing-server.js';

/** What is parsed out of a request; one row each, and `linear-parsers.ci-spec.ts` times it. */
export interface Parser {
  readonly name: string;
  /** Makes what a text of any form is parsed by; that is not timed. Rejecting the text is fine. */
  prepare(text: string): () => unknown;
  /** What the text begins with, so that a parser goes on to read the rest of it. Each is tried. */
  readonly heads: readonly string[];
  /** What the text repeats after that, in place of what all texts repeat. */
  readonly units?: readonly string[];
  /** Bodies, and values of bodies that were read already, are timed up to 1 MiB; heads up to what the server takes. */
  readonly of: 'head' | 'body' | 'value';
}

const RESOURCES: readonly AnyResource[] = [AccountResource, AccountSessionResource, OrganizationResource];
const lookup = (type: string) => RESOURCES.find((resource) => resource.type === type);
const criteria = (query: string) => parseCriteria(AccountResource, lookup, `/accounts?${query}`, new ErrorList());

const refresh = new RefreshTokens(new SecretBox({ appSecrets: ['a secret of this test'] }));
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
const access = new AccessTokens(
  {
    jwtIssuer: 'iam',
    jwtAudience: 'iam',
    appUrl: null,
    host: 'localhost',
    port: 0,
    accessTokenSeconds: 900,
    accessTokenClaims: [],
  },
  new SigningKeys({ jwtPrivateKey: String(key) }),
);
const policy = new PasswordPolicy(new BreachedPasswords());
const propagator = new W3CTraceContextPropagator();
const traced = (headers: object) => propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
const server = await hostileServer();

const pages = new PageTemplates({ pageTemplates: null });
const fields = new FormFields(new Messages({ errorMessages: null }), policy);
const SURROUNDINGS = { title: 'Title', product: 'Iam', locale: 'en', wide: false };
/** A page with a form that shows this text again. */
const pageWith = (text: string): string => {
  const name = fields.field(ENGLISH, NO_ERRORS, {
    name: 'name',
    label: 'Name',
    type: 'text',
    autocomplete: 'name',
    value: text,
  });
  const { template, data } = formView(ENGLISH, ENGLISH.join, NO_ERRORS, { action: 'join', fields: [name] });
  return pages.render(template, data, SURROUNDINGS);
};

const head = (name: string, parse: (text: string) => unknown, heads: readonly string[] = ['']): Parser => ({
  name,
  prepare: (text) => () => parse(text),
  heads,
  of: 'head',
});
const body = (name: string, parse: (text: string) => unknown, heads: readonly string[] = ['']): Parser => ({
  name,
  prepare: (text) => () => parse(text),
  heads,
  of: 'body',
});
/** What is made of JSON that was read already: a value for every few characters of the text. */
const value = <Value>(name: string, make: (text: string) => Value, parse: (made: Value) => unknown): Parser => ({
  name,
  prepare: (text) => {
    const made = make(text);
    return () => parse(made);
  },
  heads: [''],
  of: 'value',
});
/** A header as Fastify, its plugins and everything that asks the request for it read it. */
const header = (name: string, heads: readonly string[] = ['']): Parser =>
  head(`the header ${name}`, (text) => server.header(name, text), heads);

const TYPE = 'application/vnd.api+json';
const attribute = (name: string) => (text: string) => readBody(AccountResource, 'create', { [name]: text });
const scope = (value: unknown) => accountErrors({ roleScope: value as Record<string, string[]> }, ROLES);
const ROLES = {
  assignable: () => ['user'],
  scopeKeys: new Map([['region', { name: 'region', maxItems: 1000, values: null }]]),
} as unknown as Parameters<typeof accountErrors>[1];

const MADE_TYPES = [
  fieldType('', { type: 'enum', values: ['draft', 'published'] }),
  fieldType('', { type: 'numeric', precision: 1000, scale: 500 }),
  fieldType('', { type: 'list' }),
];

/** As many as are taken at most: with one more, none is looked at. */
const linkageOf = (text: string): unknown[] =>
  itemsOf(text, (id) => ({ type: 'iam:organizations', id })).slice(0, LIMITS.linkageIdentifiers);

function written(linkage: unknown): unknown {
  const document = { data: { type: 'iam:accounts', relationships: { organizations: { data: linkage } } } };
  const parsed = parseDocument(document, REQUIRED_MEMBERS.update, new ErrorList());
  const context = { selection: { fields: new Map(), include: [] }, ifMatch: IfMatch.parse(undefined), operation: '' };
  return parsed && new WriteDocument(AccountResource, 'update', parsed, context).relationshipErrors();
}

/** In bytes of the text, what one member or item of JSON takes: the longest text has as many as a body may have. */
const ITEM = Math.ceil(LIMITS.bodyBytes / LIMITS.bodyValues);
const itemsOf = <Item>(text: string, make: (name: string) => Item): Item[] =>
  Array.from({ length: text.length / ITEM }, (_, n) => make(text.slice(0, 4) + n));
const membersOf = (text: string): Record<string, unknown> =>
  Object.fromEntries(itemsOf(text, (name) => [name, { data: [] }]));

export const PARSERS: readonly Parser[] = [
  head('Accept', checkAccept, ['', TYPE, `${TYPE};a="`, `${TYPE};`]),
  head('Accept, for the media type of an answer', documentMediaType, ['application/json', 'application/json;a="']),
  head('Content-Type', checkContentType, ['', TYPE, `${TYPE};a="`, `${TYPE};`]),
  head('Accept-Language', parseAcceptLanguage, ['', 'en', 'en;q=', 'a-']),
  head('Accept-Language, for a choice', (text) => chooseLanguage(text, ['en', 'de'])),
  head('Accept-Language, as it is kept', (text) => formatAcceptLanguage(parseAcceptLanguage(text))),
  head('If-Match', (text) => IfMatch.parse(text), ['', '"', '"1', 'W/"1-', '"1-']),
  head('Prefer', wantsRepresentation, ['', 'return=']),
  head('User-Agent, for the name of a device', deviceName, ['', 'Mozilla/5.0 (', 'Version/1 ', 'curl/']),
  head('traceparent', (text) => traced({ traceparent: text }), ['', '00-']),
  head('tracestate', (text) =>
    traced({ traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: text }),
  ),
  head('an address', normalizeAddress, ['', '::', '1.']),
  head('the block of an address', addressBlockOf, ['', '::', '1:']),
  head('an access token', (text) => access.verify(text), ['', 'eyJ', 'eyJhbGciOiJFUzI1NiJ9.']),
  head('a refresh token', (text) => refresh.parse(text), ['', `${'a'.repeat(22)}.1.`]),
  ...['accept', 'content-type', 'cookie', 'authorization', 'x-request-id', 'if-none-match', 'origin', 'host'].map(
    (name) => header(name),
  ),
  header('content-type', [`${TYPE};`, `${TYPE};a=`, `${TYPE};a="`]),
  header('cookie', ['device=', 'auth-token=', 'a=%']),
  header('authorization', ['Bearer ', 'Bearer']),
  header('origin', ['https://', 'https://xn--', 'https://%']),
  header('if-none-match', ['"', 'W/"']),
  ...['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'forwarded', 'user-agent', 'idempotency-key'].map(
    (name) => header(name, ['', '127.0.0.1,']),
  ),
  head('an address of a request', (text) => server.path(text), ['/', '/parse/', '/parse/%', '/accounts/x/join?']),
  head('an address, for the log', (text) => loggedPath(text, '/accounts/:token/join'), ['/', '/accounts/', '/a?']),
  head('a query', criteria, ['', 'a', 'filter[id]=', 'filter[']),
  { ...head('a filter in brackets', criteria), units: ['&filter[with_role_scope][org][]=a'] },
  head('a query of a resource', (text) => parseSelection(AccountResource, lookup, `/x?${text}`, new ErrorList())),
  head('a query of any other route', (text) => rejectParameters(`/x?${text}`, [], new ErrorList())),
  ...['sort=', 'included=', 'fields[iam:accounts]=', 'count=', 'page[size]=', 'page[number]=', 'page[after]='].map(
    (parameter) => head(`the parameter ${parameter}`, (text) => criteria(parameter + encodeURIComponent(text))),
  ),
  ...[...AccountResource.filters.keys()].map((filter) =>
    head(`the filter ${filter}`, (text) => criteria(`filter[${filter}]=${encodeURIComponent(text)}`), [
      '',
      '{"org":["',
      '2026-01-31T10:00:00.',
    ]),
  ),
  head('a comma list', splitList, ['', '\\']),
  head('a cursor', (text) => decodeCursor([{ attribute: ID, descending: false }], text)),
  head('a cursor, decoded', (text) =>
    decodeCursor([{ attribute: ID, descending: false }], Buffer.from(text).toString('base64url')),
  ),
  ...[...Object.values(FIELD_TYPES), ...MADE_TYPES].map((type) =>
    head(`a value of kind ${type.name}`, (text) => type.parse(text), [
      '',
      '2026-01-31T',
      '2026-01-31T10:00:00.',
      '{"a":"',
      '-',
    ]),
  ),
  head('a form of a page', (text) => new SentForm(text).text('name'), ['', 'name=', 'name=%']),
  head('a text in a page', pageWith),
  body('a body', (text) => JSON_BODY.parse(Buffer.from(text), TYPE), ['', '{"a":"', '[', '{"__proto__":', '"\\u']),
  body('an e-mail of a body', (text) => accountErrors({ email: text }, ROLES), ['', 'a@', '"', 'a@b.']),
  body('the key of an e-mail', emailKey, ['', 'a@']),
  body('an address of a mail', isMailAddress, ['', 'a@']),
  body('a name in a mail', oneLine),
  ...['name', 'email', 'picture_url', 'role_name', 'role_scope', 'enabled', 'joined_at', 'unknown'].map((name) =>
    body(`the attribute ${name}`, attribute(name), ['', 'a@', 'http://', 'http://a/']),
  ),
  body('a name and a password of a join', (text) => readJoinBody({ name: text, password: text })),
  body('a password', (text) => policy.errors(text, { email: 'ada@example.com', name: 'Ada' }, '/password'), [
    '',
    'Aa1!',
  ]),
  ...[LoginBody, RefreshBody, RequestResetBody, ResetBody, ChangeBody].map((type) =>
    body(`the members of ${type.name}`, (text) =>
      readFlatBody<object>(type, {
        email: text,
        password: text,
        refresh_token: text,
        token: text,
        current_password: text,
        new_password: text,
      }),
    ),
  ),
  value('the names of members', membersOf, (made) => readFlatBody(RefreshBody, made)),
  value('the names of attributes', membersOf, (made) => readBody(AccountResource, 'update', made)),
  value('the keys of role_scope', membersOf, scope),
  value('the organizations of role_scope', (text) => ({ org: itemsOf(text, String) }), scope),
  value('the values of role_scope', (text) => ({ region: itemsOf(text, String) }), scope),
  value('the names of relationships', membersOf, (relationships) =>
    parseDocument({ data: { type: 'x', relationships } }, REQUIRED_MEMBERS.update, new ErrorList()),
  ),
  value('a linkage', linkageOf, written),
];

/** Runs a parser; a rejection is a result like any other. */
export async function parsed(run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}
