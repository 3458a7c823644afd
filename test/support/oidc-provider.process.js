import { createServer } from 'node:http';
import Provider from 'oidc-provider';

/*
 * A real OpenID Connect provider on this machine, as a process of its own: `node oidc-provider.process.js <redirect URI>`.
 * It prints its issuer. Its accounts are e-mail addresses, and every password is right.
 */

const [, , redirectUri = ''] = process.argv;
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'iam',
        client_secret: 'a secret of the client',
        redirect_uris: [redirectUri],
        backchannel_logout_uri: redirectUri.replace(/callback$/, 'backchannel_logout'),
        backchannel_logout_session_required: true,
      },
    ],
    features: { backchannelLogout: { enabled: true } },
    // Its own way out does not lead to this machine.
    fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }),
    claims: { email: ['email', 'email_verified'], profile: ['name'] },
    cookies: { keys: ['a key of the tests'] },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: id, email_verified: true, name: 'Ada Lovelace' }),
    }),
  });
  server.on('request', provider.callback());
  process.stdout.write(`${issuer}\n`);
});
