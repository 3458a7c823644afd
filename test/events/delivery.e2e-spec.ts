import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { IamEvent } from '../../src/events/iam-event.js';
import { OutboxWorker } from '../../src/outbox/outbox.worker.js';
import { eventually } from '../outbox/outbox-fixture.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, type ApiClient } from '../support/client.js';
import { admin } from '../support/factories.js';
import { listener, listening, settled } from './listeners.js';

const ORGANIZATIONS = 'iam:organizations.created';

describe('An event', () => {
  /** Has the database and no subscribers; each test starts instances beside it. */
  let base: TestApp;
  let root: Awaited<ReturnType<typeof admin>>;

  beforeAll(async () => {
    base = await startApp();
    root = await admin(base);
  });
  afterAll(() => base.stop());

  /** Makes an organization through an instance, and gives its id. */
  async function organize({ post }: ApiClient, name = 'Acme'): Promise<string> {
    const made = await post('/organizations', document('iam:organizations', { name }));
    expect(made.status).toBe(200);
    return made.body.data.id;
  }

  const jobs = async (): Promise<unknown[]> =>
    base.sql('SELECT task_identifier AS task, attempts FROM graphile_worker.jobs ORDER BY id');

  it('comes again to the one subscriber that failed, with the same id, and to no other', async () => {
    const [failing, other]: IamEvent[][] = [[], []];
    const extension = listening(
      listener('Failing', (event) => {
        failing?.push(event);
        if (failing?.length === 1) throw new Error('not now');
      }),
      listener('Other', (event) => void other?.push(event), 'iam:organizations.*'),
    );
    const app = await startApp({ beside: base, extension });
    try {
      await organize(as(app, root.token));
      // The first pause is a few seconds long.
      await eventually(async () => {
        const failed = 'attempts = 1 AND locked_at IS NULL';
        return (
          await base.sql(
            `UPDATE graphile_worker._private_jobs SET run_at = now() WHERE ${failed} AND last_error = 'not now' RETURNING id`,
          )
        )[0];
      });
      await settled(base);
      expect(failing?.map(({ name }) => name)).toEqual([ORGANIZATIONS, ORGANIZATIONS]);
      expect(failing?.[1]).toEqual(failing?.[0]);
      expect(other).toEqual([failing?.[0]]);
    } finally {
      await app.stop();
    }
  });

  it('comes once, however many instances there are', async () => {
    const heard: string[] = [];
    const extension = () => listening(listener('Counter', ({ target }) => void heard.push(target?.id ?? '')));
    const instances = [
      await startApp({ beside: base, extension: extension() }),
      await startApp({ beside: base, extension: extension() }),
    ];
    try {
      const actors = instances.map((instance) => as(instance, root.token));
      const made = await Promise.all(
        Array.from({ length: 10 }, (_, i) => actors.map((actor) => organize(actor, `Number ${i}`))).flat(),
      );
      await settled(base);
      expect(heard.sort()).toEqual(made.sort());
    } finally {
      for (const instance of instances) await instance.stop();
    }
  });

  it('that was committed before the service stopped comes when it runs again', async () => {
    const heard: [string, string | undefined][] = [];
    const extension = (instance: string) =>
      listening(listener('Patient', ({ target }) => void heard.push([instance, target?.id])));
    const first = await startApp({ beside: base, extension: extension('first') });
    // From here on it is like a process that was killed right after each commit.
    await first.nest.get(OutboxWorker, { strict: false }).onModuleDestroy();
    const id = await organize(as(first, root.token));
    await first.stop();
    expect(await jobs()).toEqual([{ task: 'event:Patient.hear', attempts: 0 }]);
    expect(heard).toEqual([]);
    const second = await startApp({ beside: base, extension: extension('second') });
    await settled(base);
    await second.stop();
    expect(heard).toEqual([['second', id]]);
  });

  it('whose subscriber is gone is kept and logged, until there is one again', async () => {
    const heard: unknown[] = [];
    const extension = () => listening(listener('Lost', ({ name }) => void heard.push(name)));
    const before = await startApp({ beside: base, extension: extension() });
    await before.nest.get(OutboxWorker, { strict: false }).onModuleDestroy();
    await organize(as(before, root.token));
    await before.stop();

    const warnings = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const without = await startApp({ beside: base });
    await eventually(() => warnings.mock.calls.flat().some((line) => String(line).includes('event:Lost.hear')));
    await without.stop();
    warnings.mockRestore();
    expect(await jobs()).toEqual([{ task: 'event:Lost.hear', attempts: 0 }]);

    const after = await startApp({ beside: base, extension: extension() });
    await settled(base);
    await after.stop();
    expect(heard).toEqual([ORGANIZATIONS]);
  });

  it('whose subscriber is gone for good is deleted as docs/events.md says', async () => {
    const gone = await startApp({ beside: base, extension: listening(listener('Gone', () => undefined)) });
    await gone.nest.get(OutboxWorker, { strict: false }).onModuleDestroy();
    await organize(as(gone, root.token));
    await gone.stop();
    const [, statement = ''] = /```sql\n(DELETE [^`]+)```/.exec(readFileSync('docs/events.md', 'utf8')) ?? [];
    await base.sql(statement);
    expect(await jobs()).toEqual([{ task: 'event:Gone.hear', attempts: 0 }]);
    await base.sql(statement.replace('WelcomePack.send', 'Gone.hear'));
    expect(await jobs()).toEqual([]);
  });

  it('without a subscriber makes no job', async () => {
    const extension = listening(listener('Choosy', () => undefined, 'iam:accounts.deleted'));
    const app = await startApp({ beside: base, extension });
    await app.nest.get(OutboxWorker, { strict: false }).onModuleDestroy();
    await organize(as(app, root.token));
    expect(await jobs()).toEqual([]);
    await app.stop();
  });

  it('that a subscriber names and that does not exist stops the start', async () => {
    const extension = listening(listener('Mistyped', () => undefined, 'iam:organisations.*'));
    await expect(startApp({ beside: base, extension })).rejects.toThrow(
      'Mistyped.hear reacts to "iam:organisations.*", which matches no event.',
    );
  });
});
