import { Command } from '@commander-js/extra-typings';
import { Roles } from '../../auth/authorization/roles.js';
import type { Config } from '../../config/config.js';
import { integer } from '../../config/variables/schemas.js';
import { openPool } from '../../database/connections.js';
import { PasswordHasher } from '../../passwords/hashing/password.hasher.js';
import { parsedBy, type CommandContext } from '../command.js';
import { number, Progress } from '../progress.js';
import { analyzeSeeded, seed, type SeedPlan, type SeedReport } from '../seed/seeder.js';
import { withMigratedServer } from '../with-service.js';

/** The password of every sample account, hashed once: a hash for each of a million would take a day. */
const PASSWORD = 'Sample-account-1';
/** The role of owners of an organization, if the roles file has it. */
const OWNER_ROLE = 'org_owner';

/** Fills a database with sample data, for trying the service and for benchmarks. */
export const seedCommand = (context: CommandContext) =>
  new Command('seed')
    .summary('Add sample organizations and accounts')
    .description(
      `The accounts are user1@seed.example.com and so on, all with the password ${PASSWORD}; the first ones own an ` +
        'organization each. Some are invited or disabled. A further run adds more, and no mail is sent. May run ' +
        'while the service runs.',
    )
    .option('--accounts <N>', 'How many accounts to add', parsedBy(integer(0, 10_000_000)), 1000)
    .option('--organizations <N>', 'How many organizations to add', parsedBy(integer(0, 100_000)), 20)
    .option('--force', 'Allow it in production, where anyone could sign in with the password above')
    .action(async ({ accounts, organizations, force }) => {
      const config = context.config();
      if (config.production && !force) {
        throw new Error(
          `Not allowed in production: all accounts would have the same, well-known password (see --force).`,
        );
      }
      const startedAt = Date.now();
      const plan = { ...(await commonValues(config)), accounts, organizations };
      const report = await fill(context, plan);
      context.out.write(summary(plan, report, (Date.now() - startedAt) / 1000));
    });

async function commonValues(config: Config): Promise<Omit<SeedPlan, 'accounts' | 'organizations'>> {
  const roles = new Roles(config);
  return {
    hashedPassword: await new PasswordHasher(config).hash(PASSWORD),
    userRole: roles.defaultName,
    ownerRole: roles.assignable().includes(OWNER_ROLE) ? OWNER_ROLE : roles.defaultName,
  };
}

function fill(context: CommandContext, plan: SeedPlan): Promise<SeedReport> {
  const { err, signal } = context;
  return withMigratedServer(context, async (options) => {
    const pool = openPool({ options }, 'maintenance', { size: 1, name: 'iam seed' });
    const progress = new Progress(err, 'accounts', plan.accounts);
    const client = await pool.connect();
    try {
      const report = await seed(client, plan, progress, signal);
      await analyzeSeeded(client);
      return report;
    } finally {
      progress.end();
      client.release(true);
      await pool.end();
    }
  });
}

function summary({ accounts, organizations }: SeedPlan, report: SeedReport, seconds: number): string {
  const { firstNumber, lastNumber, memberships } = report;
  const rows = accounts + organizations + memberships;
  const counts = `${number(accounts)} accounts, ${number(organizations)} organizations, ${number(memberships)} memberships`;
  const speed = `${seconds.toFixed(1)} s (${number(Math.round(rows / seconds))} rows/s)`;
  if (accounts === 0) return `Added ${counts} in ${speed}.\n`;
  return (
    `Added ${counts} in ${speed}.\n` +
    `Sign in as user${firstNumber}@seed.example.com to user${lastNumber}@seed.example.com; their password: ${PASSWORD}\n`
  );
}
