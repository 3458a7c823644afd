import { fileURLToPath } from 'node:url';
import { command, type CommandResult } from '../../test/cli/command-line.js';
import { startApp, type TestApp } from '../../test/support/app.js';
import { type ApiClient, type ApiResponse, document } from '../../test/support/client.js';
import { databaseEnvironment } from '../../test/support/database.js';
import { admin } from '../../test/support/factories.js';
import { extension as inventory } from './src/extension.js';

/** The service with the inventory, under a prefix, as its tests use it. */
export interface InventoryApp {
  /** Its URL leads to the operations. */
  readonly app: TestApp;
  /** Without the prefix. */
  readonly origin: string;
  readonly root: ApiClient;
  /** Runs a command on its database. */
  run(args: readonly string[], input?: string, env?: Record<string, string>): Promise<CommandResult>;
  newItem(organizationId: string, attributes?: object): Promise<ApiResponse>;
  /** Creates an item and gives its id. */
  itemIn(organizationId: string, attributes?: object): Promise<string>;
}

export async function startInventory(): Promise<InventoryApp> {
  const ROLES_FILE = fileURLToPath(new URL('./roles.yml', import.meta.url));
  const settings = { ROLES_FILE, EMAIL_DOMAINS: 'example.com,acme.example' };
  const started = await startApp({ extension: inventory, env: { ...settings, API_PREFIX: 'api' } });
  const app = { ...started, url: `${started.url}/api` };
  const root = await admin(app);
  const { databaseUrl, config } = app;
  const env = { ...databaseEnvironment(databaseUrl), ...settings, DATA_DIR: config.dataDir, NODE_ENV: 'test' };
  const newItem = (organizationId: string, attributes: object = {}): Promise<ApiResponse> => {
    const all = { sku: 'ABC-0001', name: 'Laptop', organization_id: organizationId, ...attributes };
    return root.post('/items', document('inventory:items', all));
  };
  return {
    app,
    origin: started.url,
    root,
    run: (args, input = '', more = {}) => command(args, { ...env, ...more }, input, inventory),
    newItem,
    itemIn: async (organizationId, attributes) => (await newItem(organizationId, attributes)).body.data.id,
  };
}
