import { ACCOUNT_RULES } from '../../src/accounts/account.policy.js';
import { API_KEY_RULES } from '../../src/api-keys/api-key.rules.js';
import { TAKEN_RULES } from '../../src/database/errors/constraint-errors.js';
import { PROVIDER_RULES } from '../../src/identity-providers/providers/provider.policy.js';
import { RULES, type Rule } from '../../src/json-api/document/rules.js';
import { CHANGE_RULES } from '../../src/passwords/passwords.service.js';
import { CODE_RULES } from '../../src/second-factors/factor-attempts.service.js';
import { PASSWORD_RULES } from '../../src/passwords/policy/password.policy.js';

/** Every rule that `meta.rule` of the service's own errors names. */
export const ALL_RULES: Readonly<Record<string, Rule>> = {
  ...RULES,
  ...PASSWORD_RULES,
  ...CHANGE_RULES,
  ...ACCOUNT_RULES,
  ...TAKEN_RULES,
  ...PROVIDER_RULES,
  ...CODE_RULES,
  ...API_KEY_RULES,
};
