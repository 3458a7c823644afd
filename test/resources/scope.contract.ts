import { expect, it } from '@jest/globals';
import { Roles } from '../../src/auth/authorization/roles.js';
import type { Action } from '../../src/json-api/resource/resource-definition.js';
import { document, errorsOf, ids, type ApiResponse } from '../support/client.js';
import { organization, signedIn } from '../support/factories.js';
import type { Subject } from './subject.js';

/** What is hidden from unauthenticated clients and from roles without a scope on the row. */
export function scopeContract(subject: () => Subject): void {
  it('responds 401 to unauthenticated clients', async () => {
    const on = subject();
    const [id = ''] = await on.make();
    for (const [, method, tail, body] of operations(on, id)) {
      const response = await on.callAs(undefined, method, tail, { ...(body && { body }) });
      expect([method, tail, errorsOf(response)]).toEqual([method, tail, ['401 unauthenticated Authorization']]);
    }
  });

  it('hides a row from every role whose scopes exclude it, whatever is done to it', async () => {
    const on = subject();
    const [id = ''] = await on.make();
    const roles = on.app.nest.get(Roles, { strict: false });
    for (const name of roles.assignable()) {
      const org = [await organization(on.app)];
      const { token } = await signedIn(on.app, { role: name, org });
      for (const [action, method, tail, body] of operations(on, id)) {
        const scopes = roles.get(name)?.scopes(on.type, action) ?? new Set();
        if (scopes.has('*') || action === 'create') continue;
        const response = await on.callAs(token, method, tail, { ...(body && { body }) });
        const case_ = [name, method, tail];
        if (scopes.size === 0) expect([...case_, errorsOf(response)]).toEqual([...case_, ['403 forbidden']]);
        else if (tail.startsWith('/')) expect([...case_, errorsOf(response)]).toEqual([...case_, ['404 not_found']]);
        else expect([...case_, seen(response, id)]).toEqual([...case_, { listed: false, counted: 0 }]);
      }
    }
    expect((await on.get(`/${id}`)).status).toBe(200);
  });
}

type Operation = readonly [Action, string, string, object?];

/** Every operation that the resource offers, on one row. */
function operations(on: Subject, id: string): Operation[] {
  const body = document(on.type, {});
  return [
    ['read', 'GET', `?count=true&filter[id]=${id}`],
    ['read', 'GET', `/${id}`],
    ...(on.offers('create') ? [['create', 'POST', '', body] as const] : []),
    ...(on.offers('update') ? [['update', 'PATCH', `/${id}`, body] as const] : []),
    ...(on.offers('delete') ? [['delete', 'DELETE', `/${id}`] as const] : []),
  ];
}

const seen = (response: ApiResponse, id: string) => ({
  listed: ids(response).includes(id),
  counted: response.body.meta.count,
});
