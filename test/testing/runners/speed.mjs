import { document, startIam } from 'iam/testing';

/** How long the work takes, in milliseconds. */
async function timeOf(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function median(count, work) {
  const times = [];
  for (let n = 0; n < count; n++) times.push(await work());
  return Math.round(times.sort((left, right) => left - right)[Math.floor(count / 2)]);
}

let iam;
const cold = Math.round(await timeOf(async () => (iam = await startIam())));

const reset = await median(11, async () => {
  const organization = await iam.create.organization();
  await iam.as('org_owner', { of: organization });
  const admin = await iam.admin();
  await admin.post('/accounts', document('iam:accounts', { email: 'jane@example.com' }));
  await iam.mailbox.next('jane@example.com');
  return timeOf(() => iam.reset());
});

const others = [];
const another = await median(5, () => timeOf(async () => others.push(await iam.another())));

for (const one of [...others, iam]) await one.stop();
process.stdout.write(JSON.stringify({ cold, reset, another }));
