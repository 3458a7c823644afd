import type { Config } from '../config/config.js';
import { parseMailbox } from './mail.address.js';

/** What the service calls itself towards people: the sender's name, or else where it is. */
export function productName(config: Pick<Config, 'mailFrom' | 'appUrl'>): string {
  const { name } = parseMailbox(config.mailFrom);
  return name || (config.appUrl === null ? 'Iam' : new URL(config.appUrl).host);
}
