import { Injectable } from '@nestjs/common';
import { PasswordPolicy, type PasswordRule, RULES } from 'iam';

const MIN_LENGTH = 12;

const LONGER: PasswordRule = {
  name: 'too_short',
  rule: RULES.too_short,
  parameters: { minimum: MIN_LENGTH },
  broken: (password) => [...password].length < MIN_LENGTH,
};

/** The service's rules with a longer minimum: a provider that takes the place of another one in a module of the service. */
@Injectable()
export class StrictPasswordPolicy extends PasswordPolicy {
  override get rules(): readonly PasswordRule[] {
    return [LONGER, ...super.rules.filter(({ name }) => name !== LONGER.name)];
  }
}
