import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fastify, { type FastifyInstance } from 'fastify';
import { Addresses, rejectUnknownUrls } from '../../src/transport/methods.js';

describe('An address that does not take a method', () => {
  let server: FastifyInstance;
  let url: string;

  beforeAll(async () => {
    server = fastify();
    rejectUnknownUrls(server, new Addresses(server));
    const handler = async () => 'here';
    server.get('/teams/:id', handler);
    server.patch('/teams/:teamId', handler);
    server.get('/teams/:id/rooms/:room(^[0-9]+$)', handler);
    url = await server.listen({ host: '127.0.0.1', port: 0 });
  });
  afterAll(() => server.close());

  it.each([
    ['PUT', '/teams/7?page[size]=1', '405 GET, HEAD, PATCH'],
    ['POST', '/teams/7/rooms/12', '405 GET, HEAD'],
    ['POST', '/teams/7/rooms/twelve', '404 null'],
    ['PUT', '/Teams/7', '404 null'],
    ['PUT', `/teams/${'7'.repeat(10_000)}`, '404 null'],
    ['GET', '/teams/7', '200 null'],
    ['PATCH', '/teams/7', '200 null'],
  ])(
    'is named with those of all its routes, whatever they call its parameters: %s %s',
    async (method, path, answer) => {
      const response = await fetch(url + path, { method });
      expect(`${response.status} ${response.headers.get('allow')}`).toBe(answer);
    },
  );
});
