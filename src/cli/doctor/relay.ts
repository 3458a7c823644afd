import { createTransport } from 'nodemailer';
import { about, defineCheck, reasonOf } from './finding.js';

/** Time-out of the relay, in milliseconds. */
const TIMEOUT_MS = 5_000;

/** Whether the relay accepts a connection with the user and password. Sends no mail. */
export const relayCheck = defineCheck({
  subject: 'relay',
  needs: ['MAIL_URL', 'DATA_DIR'],
  run: async ({ MAIL_URL: url, DATA_DIR: dataDir }) => {
    const { ok, problem } = about('relay');
    if (url === null) return [ok(`Mails are written to ${dataDir}/mail, and not sent.`)];
    const { host } = new URL(url);
    const timeouts = { connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS };
    const transport = createTransport({ url, ...timeouts });
    try {
      await transport.verify();
      return [ok(`${host} responds.`)];
    } catch (error) {
      return [problem(`${host} cannot be used: ${reasonOf(error)}. Correct MAIL_URL, or allow access to it.`)];
    } finally {
      transport.close();
    }
  },
});
