const { contractTests, document, startIam } = globalThis.testing;

/** Runs twice at the same time, as two files, each with a database of its own. */
describe('An app under jest', () => {
  let iam;
  beforeAll(async () => {
    iam = await startIam();
  }, 60_000);
  afterEach(() => iam.reset());
  afterAll(() => iam.stop());

  it.each([1, 2, 3])('has its own accounts and mails (%i)', async () => {
    const admin = await iam.admin();
    const invited = await admin.post('/accounts', document('iam:accounts', { email: 'jane@example.com' }));
    expect(invited.problems).toEqual([]);
    expect((await iam.mailbox.next('jane@example.com')).subject).toBe('You are invited to Iam');
    expect((await admin.get('/accounts?count=true')).meta).toEqual({ count: 2 });
  });

  it('has a clock', async () => {
    const user = await iam.as('user');
    await iam.clock.advance('20 minutes');
    expect((await user.get('/auth/me')).status).toBe(401);
  });
});

contractTests({
  start: () => startIam(),
  fixtures: {
    'iam:organizations': async ({ create }, n) => (await create.organization({ name: `No. ${n}` })).id,
  },
  runner: { describe, it, beforeAll, afterAll },
});
