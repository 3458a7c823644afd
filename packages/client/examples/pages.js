import { createServer } from 'node:http';
import { ApiError, createClient, UnauthenticatedError } from 'iam-client';
import { requestSession } from 'iam-client/server';

/** Text of others in HTML. */
const escaped = (text) => String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const page = (title, body) => `<!doctype html><html lang="en"><title>${title}</title><main>${body}</main></html>`;

const signInPage = (error = '') =>
  page(
    'Sign in',
    `<h1>Sign in</h1><p role="alert">${escaped(error)}</p><form method="post" action="/sign-in">
     <label>E-mail <input name="email" type="email" required></label>
     <label>Password <input name="password" type="password" required></label><button>Sign in</button></form>`,
  );

async function formOf(request) {
  const chunks = [];
  for await (const chunk of request) {
    if (chunks.push(chunk) > 100) throw new Error('The form is too large');
  }
  return Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
}

/** What the pages do, by method and path; each returns a page, or where to go. */
const ROUTES = {
  async 'GET /'(iam) {
    const [me, accounts] = await Promise.all([iam.auth.me(), iam.accounts.list({ sort: 'name', page: { size: 50 } })]);
    const rows = accounts.data.map(({ name, email }) => `<li>${escaped(name)} (${escaped(email)})</li>`);
    const signOut = '<form method="post" action="/sign-out"><button>Sign out</button></form>';
    return { html: page('Accounts', `<h1>Hello ${escaped(me.name)}</h1><ul>${rows.join('')}</ul>${signOut}`) };
  },
  'GET /sign-in': async () => ({ html: signInPage() }),
  async 'POST /sign-in'(iam, request) {
    const { email = '', password = '' } = await formOf(request);
    try {
      await iam.auth.login({ email, password });
      return { to: '/' };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { status: error.status, html: signInPage(error.message) };
    }
  },
  async 'POST /sign-out'(iam) {
    await iam.auth.logout();
    return { to: '/sign-in' };
  },
  // Below /auth, where the browser sends the cookie of the refresh token.
  async 'GET /auth/continue'(iam) {
    await iam.auth.refresh();
    return { to: '/' };
  },
};

/** Pages that are rendered here, with the cookies of the browser. `url` is the address of the service. */
export const createPages = (url) =>
  createServer(async (request, response) => {
    const session = requestSession(request.headers.cookie);
    const iam = createClient({ url, session, headers: { 'X-Forwarded-For': request.socket.remoteAddress } });
    const path = request.url.split('?')[0];
    const route = ROUTES[`${request.method} ${path}`];
    // Forms of other sites, which come with the cookies too.
    const isForeign = request.method === 'POST' && request.headers['sec-fetch-site'] !== 'same-origin';
    const end = ({ status = 200, html, to }) => {
      const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Set-Cookie': session.setCookies };
      response.writeHead(to ? 303 : status, to ? { ...headers, Location: to } : headers).end(html);
    };
    try {
      if (!route || isForeign) return end({ status: 404, html: page('Not found', '<h1>Not found</h1>') });
      end(await route(iam, request));
    } catch (error) {
      if (error instanceof UnauthenticatedError) {
        return end({ to: path === '/auth/continue' ? '/sign-in' : '/auth/continue' });
      }
      end({ status: 500, html: page('Error', '<h1>Something went wrong</h1>') });
    }
  });
