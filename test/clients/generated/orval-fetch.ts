/** The request function that `orval.config.js` names: knows the service's address and the access token. */

const service = { url: '', token: '' };

/** Sets the service that all requests from here on go to. */
export const useService = (url: string, token: string): void => void Object.assign(service, { url, token });

export async function iamFetch<T>(path: string, options: RequestInit): Promise<T> {
  const headers = new Headers(options.headers);
  headers.set('Authorization', `Bearer ${service.token}`);
  const response = await fetch(service.url + path, { ...options, headers });
  const text = await response.text();
  const data: unknown = text === '' ? undefined : JSON.parse(text);
  return { data, status: response.status, headers: response.headers } as T;
}
