import { resolve } from 'node:path';
import { RolesFileError } from '../../auth/authorization/roles-file.js';
import { enrolmentErrors, Roles } from '../../auth/authorization/roles.js';
import { SigningKeys } from '../../auth/tokens/signing-keys.js';
import { BUILT_IN_ROLES } from '../../config/config.js';
import { DEVELOPMENT_SECRETS, findDevelopmentSecret } from '../../config/development-secrets.js';
import { MailTemplates } from '../../mail/mail.templates.js';
import { PASSKEY_ENROLMENT } from '../../passkeys/passkey.factor.js';
import { TOTP_ENROLMENT } from '../../second-factors/totp/totp.factor.js';
import { about, defineCheck, reasonOf, type Values } from './finding.js';

/** The roles of the configured file. @throws RolesFileError */
export const rolesOf = ({ ROLES_FILE: file }: Values<'ROLES_FILE'>): Roles =>
  new Roles({ rolesFile: file === null ? BUILT_IN_ROLES : resolve(file) });

/** Whether the roles file is valid, and every role that requires a second factor allows adding one. */
export const rolesCheck = defineCheck({
  subject: 'roles',
  needs: ['ROLES_FILE'],
  run: (values) => {
    const { ok, problem } = about('roles');
    try {
      const roles = rolesOf(values);
      const errors = enrolmentErrors(roles.list(), [TOTP_ENROLMENT, PASSKEY_ENROLMENT]);
      if (errors.length > 0) return errors.map((text) => problem(`${text}.`));
      return [
        ok(`Accounts may be given the roles ${roles.assignable().join(', ')}; new ones are ${roles.defaultName}.`),
      ];
    } catch (error) {
      return error instanceof RolesFileError
        ? error.errors.map((text) => problem(`${text}.`))
        : [problem(reasonOf(error))];
    }
  },
});

/** Whether the signing keys of access tokens are valid. Their ids are public. */
export const keysCheck = defineCheck({
  subject: 'keys',
  needs: ['JWT_PRIVATE_KEY', 'DATA_DIR'],
  run: ({ JWT_PRIVATE_KEY: given, DATA_DIR: dataDir }) => {
    const { ok, warning, problem } = about('keys');
    const text = given ?? findDevelopmentSecret(resolve(dataDir), 'JWT_PRIVATE_KEY');
    if (text === null) {
      return [warning(`There is no key yet; the next start generates ${DEVELOPMENT_SECRETS.JWT_PRIVATE_KEY.file}.`)];
    }
    try {
      const { current, jwks } = new SigningKeys({ jwtPrivateKey: text });
      return [ok(`${current.kid} (${current.alg}) signs; ${jwks.keys.length} verify.`)];
    } catch (error) {
      return [problem(`${reasonOf(error)}. Make one: npx iam keys rotate --help`)];
    }
  },
});

/** Whether every mail can be rendered. */
export const templatesCheck = defineCheck({
  subject: 'templates',
  needs: ['MAIL_TEMPLATES'],
  run: ({ MAIL_TEMPLATES: folder }, { modules = [] }) => {
    const { ok, warning, problem } = about('templates');
    try {
      new MailTemplates({ mailTemplates: folder === null ? null : resolve(folder) }).onApplicationBootstrap();
      return [ok('Every mail can be rendered.')];
    } catch (error) {
      // Only a started service knows the mails of extensions, to which the file may belong.
      return [(modules.length > 0 ? warning : problem)(reasonOf(error))];
    }
  },
});
