import { z } from 'zod';
import type { AccountName } from '../accounts/account-directory.repository.js';
import { emailKey } from '../auth/email-key.js';
import { line } from '../config/variables/schemas.js';
import { isUuid } from '../json-api/resource/field-types.js';

/** An id. */
export const uuid = z.string().refine(isUuid, 'must be a UUID');

/** A name that an owner gives to one of several things, as the attribute `name` of API keys and of factors is. */
export const label = line
  .transform((text) => text.trim())
  .pipe(z.string().min(1, 'must not be empty').max(100, 'must have at most 100 characters'));

/** The error of a command that takes one account, by `accountOf`. */
export const ONE_ACCOUNT = 'error: Give one of --account and --email.';

/** The account of the options `--account` and `--email`; undefined where neither or both are given. */
export function accountOf(id: string | undefined, email: string | undefined): AccountName | undefined {
  if (id === undefined) return email === undefined ? undefined : { emailKey: emailKey(email) };
  return email === undefined ? { id } : undefined;
}
