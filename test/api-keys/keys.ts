import type { TestApp } from '../support/app.js';
import { as, document, type ApiClient, type ApiResponse } from '../support/client.js';

/** A key that was made over HTTP, and its requests. */
export interface TestKey extends ApiClient {
  readonly id: string;
  readonly key: string;
}

/** The response to a create of a key. */
export const createKey = (by: ApiClient, attributes: Record<string, unknown>): Promise<ApiResponse> =>
  by.post('/api_keys', document('iam:api_keys', { name: 'Test', ...attributes }));

/** Makes a key. */
export async function keyOf(
  app: TestApp,
  by: ApiClient,
  permissions: readonly string[],
  more: Record<string, unknown> = {},
): Promise<TestKey> {
  const response = await createKey(by, { permissions, ...more });
  if (response.status !== 200) throw new Error(`Making a key gave ${response.status}: ${response.text}`);
  const { key } = response.body.meta;
  return { ...as(app, key), key, id: response.body.data.id };
}

/** Makes a service account, and gives its id. */
export async function serviceAccount(by: ApiClient, attributes: Record<string, unknown> = {}): Promise<string> {
  const email = `service-${Math.random().toString(36).slice(2)}@example.com`;
  const response = await by.post('/accounts', document('iam:accounts', { kind: 'service', email, ...attributes }));
  if (response.status !== 200) throw new Error(`Making a service account gave ${response.status}: ${response.text}`);
  return response.body.data.id;
}
