import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { runCli } from 'iam';
import { type ApiResponse, document, type SignedInClient, startIam, type TestIam } from 'iam/testing';
import { extension } from '../extension.js';

/** What a command left behind. */
export interface CommandResult {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** What the tests of the inventory share: an app, its admin, its items and its command line. */
export class InventoryApp {
  private constructor(
    readonly iam: TestIam,
    readonly admin: SignedInClient,
  ) {}

  static async start(): Promise<InventoryApp> {
    const roles = new URL('../../roles.yml', import.meta.url);
    const iam = await startIam({ extension, roles, env: { EMAIL_DOMAINS: 'example.com,acme.example' } });
    return new InventoryApp(iam, await iam.admin());
  }

  newItem({ id }: { readonly id: string }, attributes: object = {}): Promise<ApiResponse> {
    const all = { sku: 'ABC-0001', name: 'Laptop', organization_id: id, ...attributes };
    return this.admin.post('/items', document('inventory:items', all));
  }

  /** Creates an item and gives its id. */
  async itemIn(organization: { readonly id: string }, attributes?: object): Promise<string> {
    return (await this.newItem(organization, attributes)).one().id;
  }

  /** Runs a command of `npx iam` on the database of the app. */
  async run(args: readonly string[], input = '', more: NodeJS.ProcessEnv = {}): Promise<CommandResult> {
    const { config, databaseUrl } = this.iam;
    const files = { DATA_DIR: config.dataDir, ROLES_FILE: config.rolesFile };
    const env = { NODE_ENV: 'test', DATABASE_URL: databaseUrl, ...files, ...more };
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const texts = Promise.all([text(stdout), text(stderr)]);
    const exitCode = await runCli(args, extension, { env, stdin: Readable.from([Buffer.from(input)]), stdout, stderr });
    stdout.end();
    stderr.end();
    const [out, err] = await texts;
    return { exitCode, out, err };
  }
}
