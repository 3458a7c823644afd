import { createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, type JWK, SignJWT } from 'jose';

/** What the provider says of the account that signs in next. */
export interface Said {
  readonly sub?: unknown;
  readonly [claim: string]: unknown;
}

/** What the provider does differently from what it should. */
export interface Mistakes {
  /** Claims of the ID token, in place of the right ones; undefined leaves one out. */
  readonly idToken?: Readonly<Record<string, unknown>>;
  readonly alg?: 'RS256' | 'ES256' | 'HS256' | 'none';
  /** Signs with a key that it does not publish. */
  readonly wrongKey?: boolean;
  /** Id of the key in the header. */
  readonly kid?: string;
  /** `iss` of the authorization response (RFC 9207). */
  readonly iss?: string;
  readonly error?: string;
  /** Status of the token endpoint. */
  readonly status?: number;
  /** Never responds. */
  readonly hangs?: boolean;
  /** Fields of the metadata, in place of the right ones; undefined leaves one out. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** What is at the address of the keys, in place of them. */
  readonly keys?: unknown;
}

const LOGOUT = { 'http://schemas.openid.net/event/backchannel-logout': {} };

interface Request {
  readonly nonce: string | null;
  readonly challenge: string | null;
  readonly clientId: string;
  readonly said: Said;
}

/** A quick OpenID Connect provider on this machine, which signs real ID tokens and obeys tests; hostile where they say so. */
export class FakeProvider {
  said: Said = {};
  mistakes: Mistakes = {};
  /** Of the userinfo endpoint, where that says something else. */
  userinfo: Said | null = null;
  /** The parameters of the last authorization request. */
  asked = new URLSearchParams();
  readonly requests: string[] = [];
  private readonly codes = new Map<string, Request>();
  private key = newKey();

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => void this.respond(request, response));
  }

  static async start(): Promise<FakeProvider> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FakeProvider(server);
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  /** Signs with another key from now on, and publishes that alone. */
  rotate(): void {
    this.key = newKey();
  }

  /** What a browser does with the address that it is sent to: the provider signs the account in, and leads back. */
  visit(address: string): string {
    const url = new URL(address);
    this.asked = url.searchParams;
    const back = new URL(url.searchParams.get('redirect_uri') ?? '');
    back.searchParams.set('state', url.searchParams.get('state') ?? '');
    back.searchParams.set('iss', this.mistakes.iss ?? this.issuer);
    if (this.mistakes.error !== undefined) back.searchParams.set('error', this.mistakes.error);
    else back.searchParams.set('code', this.code());
    return back.href;
  }

  /**
   * A logout token (OpenID Connect Back-Channel Logout).
   * @param claims in place of the right ones; undefined leaves one out
   */
  logoutToken(claims: Readonly<Record<string, unknown>>, typ: string | null = 'logout+jwt'): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const right = { iss: this.issuer, aud: 'iam', iat: now, exp: now + 120, jti: randomUUID(), events: LOGOUT };
    return this.sign({ ...right, ...claims }, typ);
  }

  private code(): string {
    const code = randomUUID();
    this.codes.set(code, {
      nonce: this.asked.get('nonce'),
      challenge: this.asked.get('code_challenge'),
      clientId: this.asked.get('client_id') ?? '',
      said: this.said,
    });
    return code;
  }

  private async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', this.issuer);
    this.requests.push(pathname);
    if (this.mistakes.hangs) return;
    const body = await this.bodyOf(pathname, request);
    const status = pathname === '/token' ? (this.mistakes.status ?? (body ? 200 : 400)) : body ? 200 : 404;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? { error: 'invalid_grant' }));
  }

  private async bodyOf(pathname: string, request: IncomingMessage): Promise<unknown> {
    const { issuer } = this;
    if (pathname === '/.well-known/openid-configuration') {
      return {
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        userinfo_endpoint: `${issuer}/userinfo`,
        end_session_endpoint: `${issuer}/end`,
        jwks_uri: `${issuer}/jwks`,
        authorization_response_iss_parameter_supported: true,
        id_token_signing_alg_values_supported: ['ES256'],
        ...this.mistakes.metadata,
      };
    }
    if (pathname === '/jwks') return this.mistakes.keys ?? { keys: [await this.key.jwk(), await this.key.rsa()] };
    if (pathname === '/userinfo') return { sub: this.said.sub, ...(this.userinfo ?? this.said) };
    if (pathname !== '/token') return undefined;
    const form = new URLSearchParams(await textOf(request));
    const known = this.codes.get(form.get('code') ?? '');
    this.codes.delete(form.get('code') ?? '');
    if (!known || (known.challenge !== null && !form.has('code_verifier'))) return undefined;
    return { access_token: randomUUID(), token_type: 'Bearer', expires_in: 60, id_token: await this.idToken(known) };
  }

  private idToken({ nonce, clientId, said }: Request): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const right = {
      iss: this.issuer,
      aud: clientId,
      iat: now,
      exp: now + 60,
      ...(nonce !== null && { nonce }),
      ...said,
    };
    return this.sign({ ...right, ...this.mistakes.idToken });
  }

  private async sign(claims: Record<string, unknown>, typ: string | null = 'JWT'): Promise<string> {
    const { alg = 'ES256', wrongKey = false } = this.mistakes;
    const payload = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
    if (alg === 'none') {
      const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
      return `${part({ alg, typ })}.${part(payload)}.`;
    }
    const { kid } = alg === 'RS256' ? await this.key.rsa() : await this.key.jwk();
    const key =
      alg === 'HS256' ? Buffer.from('the secret of the client') : (wrongKey ? newKey() : this.key).privateKey(alg);
    return new SignJWT(payload)
      .setProtectedHeader({ alg, kid: this.mistakes.kid ?? kid ?? '', ...(typ !== null && { typ }) })
      .sign(key);
  }
}

function newKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const kid = randomUUID();
  return {
    jwk: async (): Promise<JWK> => ({ ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'ES256' }),
    rsa: async (): Promise<JWK> => ({
      ...(await exportJWK(createPublicKey(rsa))),
      ...{ kid: `${kid}-rsa`, use: 'sig', alg: 'RS256' },
    }),
    privateKey: (alg: string): KeyObject => (alg === 'RS256' ? rsa : privateKey),
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
