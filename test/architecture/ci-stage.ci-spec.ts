import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';

/** Runs this in a shell as `.ci/run` is one. */
function shell(script: string): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', `set -euo pipefail; source .ci/stage\n${script}`], {
    encoding: 'utf8',
  });
  // A second may end meanwhile.
  return { code: status, out: stdout.replace(/took \d+ s/g, 'took 0 s'), err: stderr };
}

describe('A stage of .ci/run', () => {
  it('ends with the first command that fails, and says so', () => {
    const { code, out } = shell('work() { echo before; false; echo after; }\nstage some work; echo "status $status"');
    expect([code, out]).toEqual([0, "before\nStage 'some' took 0 s\nstatus 1\n"]);
  });

  it('that succeeds leaves 0, and the shell as it was', () => {
    const { code, out } = shell('stage some true; echo "status $status"; false; echo after');
    expect([code, out]).toEqual([1, "Stage 'some' took 0 s\nstatus 0\n"]);
  });

  it.each(['stage some work || true', 'if stage some work; then true; fi', '! stage some work'])(
    'does not run where its failing commands would be overlooked: %s',
    (call) => {
      const { code, out, err } = shell(`work() { false; echo after; }\n${call}`);
      expect([code, out, err]).toEqual([70, '', expect.stringContaining('ignores set -e')]);
    },
  );
});
