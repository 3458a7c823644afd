import { Command } from '@commander-js/extra-typings';
import type { ConfigExamination } from '../../config/load-config.js';
import { oneLine } from '../../mail/mail.address.js';
import type { CommandContext } from '../command.js';
import { databaseCheck, providersCheck, sealedCheck } from '../doctor/database.js';
import { keysCheck, rolesCheck, templatesCheck } from '../doctor/files.js';
import { about, reasonOf, type Check, type Finding } from '../doctor/finding.js';
import { providersFileCheck } from '../doctor/identity-providers.js';
import { relayCheck } from '../doctor/relay.js';
import { redactor } from '../doctor/redactor.js';
import { secretFileFindings, settingsCheck } from '../doctor/settings.js';
import { table } from '../output.js';

/** In the order of the list. */
const CHECKS: readonly Check[] = [
  settingsCheck,
  rolesCheck,
  keysCheck,
  templatesCheck,
  databaseCheck,
  sealedCheck,
  providersFileCheck,
  providersCheck,
  relayCheck,
];

/** Checks an installation and reports problems, and what to do. */
export const doctorCommand = ({ examine, env, extension, out }: CommandContext) =>
  new Command('doctor')
    .summary('Check the configuration and what it refers to, and report problems')
    .description(
      'Checks every setting, the roles file, the signing keys, the mail templates, the database, the identity ' +
        'providers and the relay; ' +
        'a line each, with what to do. It changes nothing and prints no secret; an embedded server is started for ' +
        'it. It ends with 1 when there is a problem, and with 0 for warnings alone.',
    )
    .action(async () => {
      const examination = examine();
      const findings = [...configurationFindings(examination), ...secretFileFindings(env)];
      for (const check of CHECKS) findings.push(...(await runCheck(check, examination, extension)));
      const redact = redactor(env, extension.variables);
      const rows = findings.map(({ level, subject, text }) => [level, subject, oneLine(redact(text))]);
      out.write(`${table(rows)}\n`);
      const problems = findings.filter(({ level }) => level === 'problem').length;
      if (problems > 0) throw new Error(problems === 1 ? 'There is 1 problem.' : `There are ${problems} problems.`);
    });

function configurationFindings({ errors }: ConfigExamination): Finding[] {
  const { ok, problem } = about('settings');
  return errors.length > 0 ? errors.map(problem) : [ok('Each of them can be read.')];
}

/** The findings of a check, or that it needs settings which are invalid. */
async function runCheck(
  { subject, needs, run }: Check,
  { values, missing }: ConfigExamination,
  extension: Parameters<Check['run']>[1],
): Promise<readonly Finding[]> {
  const wrong = needs.filter((name) => !(name in values) || missing.includes(name));
  const { warning, problem } = about(subject);
  if (wrong.length > 0) return [warning(`Not checked: correct ${wrong.join(', ')} first.`)];
  try {
    return await run(values as Required<typeof values>, extension);
  } catch (error) {
    return [problem(`Could not be checked: ${reasonOf(error)}`)];
  }
}
