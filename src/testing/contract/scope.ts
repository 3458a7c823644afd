import assert from 'node:assert/strict';
import { Roles } from '../../auth/authorization/roles.js';
import type { Action } from '../../json-api/resource/resource-definition.js';
import { type ApiResponse, document } from '../api-client.js';
import type { TestRunner } from '../runner.js';
import { ids, type Subject } from './subject.js';

/** What is hidden from unauthenticated clients and from roles without a scope on the row. */
export function scopeContract({ it }: TestRunner, subject: () => Subject): void {
  it('responds 401 to unauthenticated clients', async () => {
    const on = subject();
    const [id = ''] = await on.make();
    for (const [, method, tail, body] of operations(on, id)) {
      const response = await on.callAs(null, method, tail, { ...(body && { body }) });
      assert.deepEqual([method, tail, response.problems], [method, tail, ['401 unauthenticated Authorization']]);
    }
  });

  it('hides a row from every role whose scopes exclude it, whatever is done to it', async () => {
    const on = subject();
    const [id = ''] = await on.make();
    const roles = on.iam.nest.get(Roles, { strict: false });
    for (const name of roles.assignable()) {
      const { token } = await on.iam.as(name, { of: await on.iam.create.organization() });
      for (const [action, method, tail, body] of operations(on, id)) {
        const scopes = roles.get(name)?.scopes(on.type, action) ?? new Set();
        if (scopes.has('*') || action === 'create') continue;
        const response = await on.callAs(token, method, tail, { ...(body && { body }) });
        const case_ = [name, method, tail];
        if (scopes.size === 0) assert.deepEqual([...case_, response.problems], [...case_, ['403 forbidden']]);
        else if (tail.startsWith('/')) assert.deepEqual([...case_, response.problems], [...case_, ['404 not_found']]);
        else assert.deepEqual([...case_, seen(response, id)], [...case_, { listed: false, counted: 0 }]);
      }
    }
    assert.equal((await on.get(`/${id}`)).status, 200);
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
  counted: response.meta['count'],
});
