import { randomUUID } from 'node:crypto';
import { OneTimeTokensRepository } from '../../src/one-time-tokens/one-time-tokens.repository.js';
import type { TokenData } from '../../src/one-time-tokens/token-purposes.js';
import { Transactions } from '../../src/json-api/sql/sql.js';
import type { TestApp } from '../support/app.js';
import { type ApiClient, as, document } from '../support/client.js';
import { account } from '../support/factories.js';
import { CHALLENGE, VERIFIER } from './round-trip.js';

type SsoPurpose = 'sso_state' | 'sso_code' | 'sso_link' | 'identity_link';

/** A browser, by its cookie, and a provider that is never there. */
const BROWSER = 'b'.repeat(43);
const SLUG = 'away';

/** Tokens of the purposes of identity providers, as the service issues them, and every operation that takes one. */
export function ssoTokens(app: () => TestApp, root: () => ApiClient) {
  let provider: string | undefined;
  const providerId = async (): Promise<string> => {
    const attributes = { slug: SLUG, name: 'Away', kind: 'oidc', issuer: 'http://127.0.0.1:9', client_id: 'iam' };
    provider ??= (await root().post('/identity_providers', document('iam:identity_providers', attributes))).body.data
      .id;
    return provider ?? '';
  };
  const issue = async (purpose: SsoPurpose): Promise<string> => {
    const id = await providerId();
    const { id: accountId } = await account(app());
    const identity = { issuer: 'http://127.0.0.1:9', subject: randomUUID(), email: null };
    const upstream = { ...identity, sid: null, idToken: null, amr: [] };
    const intent = { kind: 'sign_in' } as const;
    const data: { [Purpose in SsoPurpose]: TokenData[Purpose] } = {
      sso_state: { providerId: id, verifier: VERIFIER, nonce: null, returnTo: '/account', challenge: null, intent },
      sso_code: { challenge: CHALLENGE, providerId: id, slug: SLUG, intent, identity: upstream },
      sso_link: { providerId: id },
      identity_link: { providerId: id, slug: SLUG, ...identity },
    };
    if (purpose === 'sso_code') {
      await app().sql(
        `INSERT INTO account_identities (id, account_id, provider_id, issuer, subject, linked_by)
         VALUES ($1, $2, $3, $4, $5, 'session')`,
        [randomUUID(), accountId, id, identity.issuer, identity.subject],
      );
    }
    const owner = purpose === 'sso_state' ? null : accountId;
    const bound = purpose === 'sso_state' || purpose === 'identity_link' ? { browser: BROWSER } : {};
    const tokens = app().nest.get(OneTimeTokensRepository, { strict: false });
    const token = await app()
      .nest.get(Transactions, { strict: false })
      .run((tx) => tokens.issue({ purpose, data: data[purpose], accountId: owner, ...bound }, tx));
    return token ?? '';
  };
  /** What the hash of a used logout token is of. */
  const recorded = async (): Promise<string> => {
    const value = randomUUID();
    const tokens = app().nest.get(OneTimeTokensRepository, { strict: false });
    await app()
      .nest.get(Transactions, { strict: false })
      .run((tx) => tokens.recordUse('logout_token', value, tx));
    return `logout_token ${value}`;
  };
  const visit = async (path: string, form?: Record<string, string>): Promise<{ status: number; location: string }> => {
    await providerId();
    const response = await fetch(app().url + path, {
      method: form ? 'POST' : 'GET',
      redirect: 'manual',
      headers: { cookie: `sso=${BROWSER}` },
      ...(form && { body: new URLSearchParams(form) }),
    });
    return { status: response.status, location: response.headers.get('location') ?? '' };
  };
  const encoded = (token: string): string => encodeURIComponent(token);
  return {
    issue,
    uses: {
      'come back from a provider': async (token: string) =>
        !(await visit(`/auth/sso/${SLUG}/callback?state=${encoded(token)}`)).location.includes('invalid_state'),
      'exchange a code': async (token: string) =>
        (await as(app()).post('/auth/sso/exchange', { code: token.slice(0, 200), code_verifier: VERIFIER })).status ===
        200,
      'go to link an identity': async (token: string) =>
        (await visit(`/auth/sso/${SLUG}?link=${encoded(token)}`)).status === 303,
      'page of an identity': async (token: string) =>
        (await visit(`/confirm-identity?token=${encoded(token)}`)).status === 200,
      'link an identity': async (token: string) => (await visit('/auth/confirm-identity', { token })).status === 303,
    },
    kinds: {
      'the state of an authorization request': {
        make: () => issue('sso_state'),
        goodFor: ['come back from a provider'],
      },
      'the code of a provider': { make: () => issue('sso_code'), goodFor: ['exchange a code'] },
      'a link to link an identity': { make: () => issue('sso_link'), goodFor: ['go to link an identity'] },
      'the record of a logout token': { make: () => recorded(), goodFor: [] },
      'a mailed proof of an identity': {
        make: () => issue('identity_link'),
        goodFor: ['page of an identity', 'link an identity'],
      },
    },
  };
}
