import { Injectable } from '@nestjs/common';
import type { ErrorObject } from '../../src/json-api/document/errors.js';
import { type PasswordOwner, PasswordPolicy } from '../../src/passwords/policy/password.policy.js';

const LEAST = 12;

/** The service's rules and one more: a provider that takes the place of another one in a module of the service. */
@Injectable()
export class StrictPasswordPolicy extends PasswordPolicy {
  override errors(password: unknown, owner: PasswordOwner | null, pointer: string): ErrorObject[] {
    const errors = super.errors(password, owner, pointer);
    if (typeof password === 'string' && [...password].length < LEAST) {
      const detail = `The password must have at least ${LEAST} characters`;
      errors.push({ code: 'validation_failed', detail, source: { pointer } });
    }
    return errors;
  }
}
