import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTransport } from 'nodemailer';
import { SMTPServer } from 'smtp-server';
import { mailerOptions } from '../../src/mail/mail.transport.js';

describe('A relay that offers no TLS', () => {
  const passwords: string[] = [];
  let server: SMTPServer;
  let port: number;

  beforeEach(async () => {
    passwords.length = 0;
    server = new SMTPServer({
      disabledCommands: ['STARTTLS'],
      authOptional: true,
      allowInsecureAuth: true,
      closeTimeout: 50,
      onAuth: ({ password }, _session, callback) => {
        passwords.push(password ?? '');
        callback(null, { user: 'iam' });
      },
      onData: (stream, _session, callback) => {
        stream.resume();
        stream.on('end', () => callback());
      },
    });
    server.on('error', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    port = (server.server.address() as AddressInfo).port;
  });
  afterEach(() => new Promise<void>((resolve) => server.close(resolve)));

  /** Sends a mail as the service does; true when the relay took it. */
  async function sends(credentials: string, query = ''): Promise<boolean> {
    const mailUrl = `smtp://${credentials}127.0.0.1:${port}${query}`;
    const { transport } = mailerOptions({ mailUrl, dataDir: '.', production: true });
    const transporter = createTransport(transport as object);
    try {
      await transporter.sendMail({ from: 'a@example.com', to: 'b@example.com', text: 'Hello' });
      return true;
    } catch (error) {
      expect(String(error)).toMatch(/STARTTLS|TLS/i);
      return false;
    } finally {
      transporter.close();
    }
  }

  it('is not sent a password', async () => {
    expect(await sends('iam:secret@')).toBe(false);
    expect(passwords).toEqual([]);
  });

  it.each(['?ignoreTLS=true', '?requireTLS=false'])('is sent it where the URL allows that: %s', async (query) => {
    expect(await sends('iam:secret@', query)).toBe(true);
    expect(passwords).toEqual(['secret']);
  });

  it('takes mails without a password, unless the URL asks for TLS', async () => {
    expect(await sends('')).toBe(true);
    expect(await sends('', '?requireTLS=true')).toBe(false);
  });
});
