import { Command } from '@commander-js/extra-typings';
import type { ConfigExamination } from '../../config/load-config.js';
import { oneLine } from '../../mail/mail.address.js';
import type { CommandContext } from '../command.js';
import { databaseCheck, sealedCheck } from '../doctor/database.js';
import { keysCheck, rolesCheck, templatesCheck } from '../doctor/files.js';
import { about, reasonOf, type Check, type Finding } from '../doctor/finding.js';
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
  relayCheck,
];

/** Looks at an installation and says what is wrong with it, and what to do. */
export const doctorCommand = ({ examine, env, extension, out }: CommandContext) =>
  new Command('doctor')
    .summary('Check the configuration and what it points to, and say what is wrong')
    .description(
      'Looks at every setting, the roles file, the signing keys, the mail templates, the database and the relay; a line ' +
        'each, with what to do. It changes nothing and prints no secret; an embedded server is started for it. It ends ' +
        'with 1 when there is a problem, and with 0 for warnings alone.',
    )
    .action(async () => {
      const examination = examine();
      const findings = [...configurationFindings(examination), ...secretFileFindings(env)];
      for (const check of CHECKS) findings.push(...(await look(check, examination, extension)));
      const redact = redactor(env);
      const rows = findings.map(({ level, subject, text }) => [level, subject, oneLine(redact(text))]);
      out.write(`${table(rows)}\n`);
      const problems = findings.filter(({ level }) => level === 'problem').length;
      if (problems > 0) throw new Error(problems === 1 ? 'There is 1 problem.' : `There are ${problems} problems.`);
    });

function configurationFindings({ errors }: ConfigExamination): Finding[] {
  const { ok, problem } = about('settings');
  return errors.length > 0 ? errors.map(problem) : [ok('Each of them can be read.')];
}

/** What a check finds, or that it has to wait for settings that are wrong. */
async function look(
  { subject, needs, run }: Check,
  { values, missing }: ConfigExamination,
  extension: Parameters<Check['run']>[1],
): Promise<readonly Finding[]> {
  const wrong = needs.filter((name) => !(name in values) || missing.includes(name));
  const { warning, problem } = about(subject);
  if (wrong.length > 0) return [warning(`Not looked at: correct ${wrong.join(', ')} first.`)];
  try {
    return await run(values as Required<typeof values>, extension);
  } catch (error) {
    return [problem(`Could not be looked at: ${reasonOf(error)}`)];
  }
}
