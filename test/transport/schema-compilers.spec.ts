import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { compiledPath } from '../runner/compiled.js';

const ROOT = join(import.meta.dirname, '../..');
const DEFERRED = pathToFileURL(compiledPath('src/transport/schema-compilers.ts')).href;

/** A route with schemas as a team may have it, a response to a request that fits and one to a request that does not. */
const ROUTE = `
  import fastify from 'fastify';
  const server = fastify();
  const integer = (name) => ({ type: 'object', required: [name], properties: { [name]: { type: 'integer' } } });
  const schema = { headers: integer('X-Team'), querystring: integer('page'), response: { 200: integer('team') } };
  server.get('/', { schema }, async ({ headers, query }) => ({ team: headers['x-team'], page: query.page }));
  const urls = ['/?page=2', '/?page=two'];
  const responses = await Promise.all(urls.map((url) => server.inject({ url, headers: { 'x-team': '7' } })));
  responses.push(await server.inject('/?page=2'));
  console.log(JSON.stringify(responses.map(({ statusCode, body }) => [statusCode, JSON.parse(body)])));`;

function responses(...options: string[]): unknown {
  const args = [...options, '--input-type=module', '--eval', ROUTE];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' }));
}

describe('A route with schemas', () => {
  it('works as ever when their compilers are loaded with it, headers in any case included', () => {
    const deferred = responses('--import', DEFERRED);
    expect(deferred).toEqual([
      [200, { team: 7 }],
      [400, expect.objectContaining({ message: 'querystring/page must be integer' })],
      [400, expect.objectContaining({ message: "headers must have required property 'x-team'" })],
    ]);
    expect(deferred).toEqual(responses());
  });
});
