import { APP_URL } from '../support/environment.js';
import { Authenticator, type AuthenticatorOptions, type Lie } from '../support/authenticator.js';
import type { ApiClient, ApiResponse } from '../support/client.js';

/** A device with no keys yet, used on a page of the service. */
export const newDevice = (options: Partial<AuthenticatorOptions> = {}): Authenticator =>
  new Authenticator({ origin: APP_URL, ...options });

/** The options for a new passkey. */
export interface Creation {
  readonly transaction: string;
  readonly options: Parameters<Authenticator['create']>[0];
}

/** Asks for the options for a new passkey. */
export async function creation({ post }: Pick<ApiClient, 'post'>): Promise<Creation> {
  const { status, body, text } = await post('/account_passkeys/options');
  if (status !== 200) throw new Error(`The options gave ${status}: ${text}`);
  return body.meta;
}

/** Adds a passkey of a device to the account. */
export async function addPasskey(
  client: Pick<ApiClient, 'post'>,
  device: Authenticator,
  { name = 'My phone', lie }: { name?: string; lie?: Lie } = {},
): Promise<ApiResponse> {
  const { transaction, options } = await creation(client);
  return client.post('/account_passkeys', { transaction, name, response: device.create(options, lie) });
}

/** The options for the use of a passkey. */
export interface Request {
  readonly transaction: string;
  readonly options: Parameters<Authenticator['get']>[0];
}

/** Asks for the options for the use of a passkey. */
export async function request(
  { post }: Pick<ApiClient, 'post'>,
  purpose: 'sign_in' | 'mfa' | 'reauthenticate',
  more: object = {},
): Promise<Request> {
  const { status, body, text } = await post('/auth/passkey/options', { purpose, ...more });
  if (status !== 200) throw new Error(`The options gave ${status}: ${text}`);
  return body.meta;
}
