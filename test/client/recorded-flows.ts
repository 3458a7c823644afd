import { beforeEach, expect, it } from '@jest/globals';
import { filledIn, type Names, RECORDED, type RecordedCase, recordedWorld } from '../contract/recorded.js';
import type { TestApp } from '../support/app.js';
import { callOf, documentOf, type Outcome, type RecordedCall } from './recorded-calls.js';

/** Signs in, and gives what runs calls. */
export type SignIn = (email: string) => Promise<(call: RecordedCall) => Promise<Outcome>>;

/** Every recorded flow, by calls of the client. */
export function recordedFlows(service: () => TestApp, signIn: SignIn): void {
  let names: Names;
  beforeEach(async () => {
    names = await recordedWorld(service());
  });

  it.each(RECORDED)('$name', async ({ as, exchanges }: RecordedCase) => {
    const id = as === undefined ? names.get('admin') : filledIn(as, names);
    const [person] = await service().sql<{ email: string }>('SELECT email FROM accounts WHERE id = $1', [id]);
    const run = await signIn(person?.email ?? '');
    for (const { request, response } of filledIn(exchanges, names)) {
      const outcome = await run(callOf(request));
      const rejected = response.status >= 400 ? response.status : undefined;
      expect([request.path, outcome.status, outcome.errors]).toEqual([request.path, rejected, response.errors]);
      const document = documentOf(outcome);
      if (response.ids) expect((document?.data as { id: string }[]).map((one) => one.id)).toEqual(response.ids);
      if (response.body) expect(document).toMatchObject(response.body);
      const shown = response.names ? [document?.data].flat() : [];
      for (const one of shown as { attributes: object }[]) {
        expect(Object.keys(one.attributes).sort()).toEqual(response.names?.toSorted());
      }
    }
  });
}
