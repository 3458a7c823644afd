import { createTransport } from 'nodemailer';
import { about, defineCheck, reasonOf } from './finding.js';

/** A relay that does not answer within this time is said to be silent, in milliseconds. */
const TIMEOUT_MS = 5_000;

/** Whether the relay takes a connection, and the user and password that go with it. It is sent no mail. */
export const relayCheck = defineCheck({
  subject: 'relay',
  needs: ['MAIL_URL', 'DATA_DIR'],
  run: async ({ MAIL_URL: url, DATA_DIR: dataDir }) => {
    const { ok, problem } = about('relay');
    if (url === null) return [ok(`Mails are written to ${dataDir}/mail, and sent nowhere.`)];
    const { host } = new URL(url);
    const patience = { connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS };
    const transport = createTransport({ url, ...patience });
    try {
      await transport.verify();
      return [ok(`${host} answers.`)];
    } catch (error) {
      return [problem(`${host} cannot be used: ${reasonOf(error)}. Correct MAIL_URL, or open the way to it.`)];
    } finally {
      transport.close();
    }
  },
});
