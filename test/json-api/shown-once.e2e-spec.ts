import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccountsModule } from '../../src/accounts/accounts.module.js';
import { AccountsService } from '../../src/accounts/accounts.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { document, type ApiClient } from '../support/client.js';
import { admin } from '../support/factories.js';

const KEY = 'key-that-is-shown-once';

/** As a service of keys would: its creates show a secret. */
@Injectable()
class AccountsWithKey extends AccountsService {
  protected override async after(...[write, id]: Parameters<AccountsService['after']>): Promise<void> {
    await super.after(write, id);
    if (write.row === null) write.shownOnce.set('key', KEY);
  }
}

describe('A secret that the response of a create shows once', () => {
  let app: TestApp;
  let root: ApiClient;

  beforeAll(async () => {
    const providers = [{ provide: AccountsService, useClass: AccountsWithKey }];
    app = await startApp({ extension: { replacements: [{ in: AccountsModule, providers }] } });
    root = await admin(app);
  });
  afterAll(() => app.stop());

  const create = (idempotencyKey: string) => {
    const body = document('iam:accounts', { email: `${idempotencyKey}@example.com` });
    return root.post('/accounts', body, { 'idempotency-key': idempotencyKey });
  };

  it('is in its meta, and not in that of a replay under the same idempotency key', async () => {
    const key = randomUUID();
    const [first, replay] = [await create(key), await create(key)];
    expect([first.status, replay.status]).toEqual([200, 200]);
    expect(first.body.meta).toEqual({ key: KEY });
    expect(replay.body).toEqual({ ...first.body, meta: undefined });
    expect(replay.text).not.toContain(KEY);
  });

  it('is neither in the record of the key, nor in what others read of the row', async () => {
    const { body } = await create(randomUUID());
    const records = await app.sql<{ record: string }>('SELECT record::text AS record FROM idempotency_keys record');
    expect(records.length).toBeGreaterThan(0);
    expect(JSON.stringify(records)).not.toContain(KEY);
    expect((await root.get(`/accounts/${body.data.id}`)).text).not.toContain(KEY);
  });

  it('is not shown by an update', async () => {
    const { id } = (await create(randomUUID())).body.data;
    const updated = await root.patch(`/accounts/${id}`, document('iam:accounts', { name: 'Ada' }, id));
    expect([updated.status, updated.body.meta]).toEqual([200, undefined]);
  });
});
