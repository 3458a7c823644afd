import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceProcess } from '../security/service-process.js';
import { MEDIA_TYPE } from '../support/client.js';
import { ADMIN, TEST_ENVIRONMENT } from '../support/environment.js';

/** Instances of the service, each a process of its own, as they run in production. */
export class Service {
  private readonly processes: ServiceProcess[] = [];

  private constructor(
    private readonly dataDir: string,
    private readonly env: Record<string, string>,
  ) {}

  /** For instances on this database, with this on top of the environment. */
  static async on(databaseUrl: string, env: Record<string, string>): Promise<Service> {
    const dataDir = await mkdtemp(join(tmpdir(), 'iam-faults-'));
    return new Service(dataDir, {
      ...TEST_ENVIRONMENT,
      DATABASE_URL: databaseUrl,
      DATA_DIR: dataDir,
      NEW_SIGN_IN_MAIL: 'false',
      ...env,
    });
  }

  /**
   * Starts an instance; `url()` of it resolves when it serves.
   * @param built as it was built, in place of the sources
   */
  start({ built = false } = {}): ServiceProcess {
    const process = ServiceProcess.start(this.env, { built });
    this.processes.push(process);
    return process;
  }

  /** Ends all of them. */
  async stop(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.stop()));
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

/** The first admin's access token. */
export async function adminToken(url: string): Promise<string> {
  const response = await fetch(`${url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': MEDIA_TYPE },
    body: JSON.stringify(ADMIN),
  });
  const body = (await response.json()) as { meta: { token: string } };
  return body.meta.token;
}
