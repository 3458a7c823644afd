import { z } from 'zod';
import type { AccountName } from '../accounts/account-directory.repository.js';
import { emailKey } from '../auth/email-key.js';
import { email, line } from '../config/variables/schemas.js';
import { isUuid } from '../json-api/sql/sql.js';
import { parsedBy } from './command.js';

/** An id. */
export const uuid = z.string().refine(isUuid, 'must be a UUID');

/** A name that an owner gives to one of several things, as the attribute `name` of API keys and of factors is. */
export const label = line
  .transform((text) => text.trim())
  .pipe(z.string().min(1, 'must not be empty').max(100, 'must have at most 100 characters'));

/** Names an account by its id. */
export const ACCOUNT_OPTION = ['--account <ID>', 'The account with this id', parsedBy(uuid)] as const;
/** Names an account by its e-mail. */
export const EMAIL_OPTION = ['--email <EMAIL>', 'The account with this e-mail', parsedBy(email)] as const;

/** The error of a command that takes one account, by `accountOf`. */
export const ONE_ACCOUNT = 'error: Give one of --account and --email.';

/**
 * The account that the options `--account` and `--email` name.
 * @returns undefined where neither or both are given; the command reports {@link ONE_ACCOUNT}
 */
export function accountOf(id: string | undefined, address: string | undefined): AccountName | undefined {
  if (id === undefined) return address === undefined ? undefined : { emailKey: emailKey(address) };
  return address === undefined ? { id } : undefined;
}
