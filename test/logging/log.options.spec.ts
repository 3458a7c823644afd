import { spawnSync } from 'node:child_process';
import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { pino, type Logger } from 'pino';
import { logOptions } from '../../src/logging/log.options.js';

const CANARY = 'canary-7f3a';

/** A logger with the service's options, and what it wrote. */
function logger(context: () => object = () => ({})): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { log: pino(logOptions({ environment: 'production', logLevel: 'info' }, context), stream), lines };
}

describe('The log', () => {
  it.each([
    ['headers', { headers: { authorization: CANARY, cookie: CANARY, 'set-cookie': [CANARY] } }],
    ['a request', { req: { id: '1', method: 'GET', url: `/accounts?token=${CANARY}`, headers: { cookie: CANARY } } }],
    ['the answer of another service', { response: { headers: { 'set-cookie': CANARY, authorization: CANARY } } }],
    ["Node's request", { raw: { rawHeaders: ['Authorization', CANARY] } }],
    [
      'a failed statement',
      { err: Object.assign(new Error('no'), { parameters: [CANARY], detail: `(x)=(${CANARY})` }) },
    ],
    [
      "TypeORM's error",
      { err: Object.assign(new Error('no'), { driverError: { detail: CANARY, parameters: [CANARY] } }) },
    ],
  ])('cuts secrets out of %s', (_what, logged) => {
    const { log, lines } = logger();
    log.error(logged, 'something');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('something');
    expect(lines[0]).not.toContain(CANARY);
  });

  it.each([
    ['a message', (log: Logger, text: string) => log.error(text)],
    ['a message beside other things', (log: Logger, text: string) => log.warn({ context: 'TypeORM' }, text)],
    ['any other text', (log: Logger, text: string) => log.info({ reason: text }, 'closed')],
    ['an error', (log: Logger, text: string) => log.error(new Error(text))],
    ['an error beside other things', (log: Logger, text: string) => log.error({ err: new Error(text) })],
    ['the query of an error', (log: Logger, query: string) => log.error(Object.assign(new Error('no'), { query }))],
    ['the cause of an error', (log: Logger, text: string) => log.error(new Error('no', { cause: new Error(text) }))],
    ['many errors in one', (log: Logger, text: string) => log.error(new AggregateError(Array(99).fill(Error(text))))],
  ])('has no line that grows with %s', (_what, write) => {
    const { log, lines } = logger();
    const [short, long] = [10_000, 1_000_000].map((length) => {
      write(log, 'x'.repeat(length));
      return lines.pop()?.length ?? Infinity;
    });
    expect(long).toBe(short);
    expect(long).toBeLessThan(32_000);
  });

  it('says where an error was thrown, however long its message is', () => {
    const { log, lines } = logger();
    log.error(new Error('x'.repeat(100_000)));
    expect(JSON.parse(lines[0] ?? '').err.stack).toMatch(/log\.options\.spec/);
  });

  it('says in every line what the context knows', () => {
    const { log, lines } = logger(() => ({ requestId: 'r-1' }));
    log.info('hello');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ requestId: 'r-1', msg: 'hello' });
  });

  it('omits start-up lines of Nest, except at the level debug', () => {
    const { log, lines } = logger();
    log.info({ context: 'RouterExplorer' }, 'Mapped {/accounts, GET} route');
    log.error({ context: 'RouterExplorer' }, 'Broken');
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['Broken']);
    log.level = 'debug';
    log.info({ context: 'RouterExplorer' }, 'Mapped {/accounts, GET} route');
    expect(lines).toHaveLength(2);
  });

  it('is one readable sentence a line in development', () => {
    const options = logOptions({ environment: 'development', logLevel: 'info' }, () => ({}));
    const { target, options: pretty } = options.transport as { target: string; options: object };
    const program = `
      import pretty from '${target}';
      const stream = pretty({ ...${JSON.stringify(pretty)}, colorize: false, translateTime: false, sync: true });
      const line = (fields) => stream.write(JSON.stringify({ level: 30, time: 0, pid: 1, hostname: 'h', ...fields }) + '\\n');
      line({ context: 'Iam', msg: 'Serving' });
      line({ msg: 'GET /accounts 200', requestId: 'r-1', actorId: 'a-1', method: 'GET', path: '/accounts', status: 200, durationMs: 3.1 });
      line({ msg: 'GET /docs 200', requestId: 'r-2', method: 'GET', path: '/docs', status: 200, durationMs: 1 });`;
    const env = { ...process.env, NODE_OPTIONS: '' };
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { env });
    expect(String(stdout).trim().split('\n')).toEqual([
      '[0] INFO: [Iam] Serving',
      '[0] INFO: GET /accounts 200 in 3.1 ms by a-1 (request r-1)',
      '[0] INFO: GET /docs 200 in 1 ms (request r-2)',
    ]);
  });
});
