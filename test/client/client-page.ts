import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { toJavaScript } from './bundle.js';

const SOURCES = join(import.meta.dirname, '../../packages/client/src');

/** A page that has the modules of the client as `iamClient`, once it says that it is ready. */
const PAGE = `<!doctype html><title>Waiting</title><script type="module">
  import * as client from '/client/index.js';
  import * as auth from '/client/auth.js';
  window.iamClient = { ...client, ...auth };
  document.title = 'Ready';
</script>`;

/** Serves the page, and the sources of the client as they are, without a bundler. */
export async function serveClientPage(): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    const [, module] = /^\/client\/([\w/-]+)\.js$/.exec(request.url ?? '') ?? [];
    response.setHeader('content-type', module === undefined ? 'text/html' : 'text/javascript');
    if (module === undefined) response.end(PAGE);
    else void toJavaScript(join(SOURCES, `${module}.ts`)).then((code) => response.end(code));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { server, url: `http://localhost:${(server.address() as AddressInfo).port}` };
}
