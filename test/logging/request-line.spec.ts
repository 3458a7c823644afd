import { describe, expect, it } from '@jest/globals';
import { loggedPath } from '../../src/logging/request-line.js';

const TOKEN = 'zH0gxDMBd5gHlNboIzW6ednYLZPEZFHVocbDNgl782c';

describe('The path of a request in the log', () => {
  it.each([
    ['/accounts?filter[search]=jane', undefined, '/accounts'],
    ['/accounts#x', undefined, '/accounts'],
    ['/accounts/s3cret/join', '/accounts/:token/join', '/accounts/{token}/join'],
    ['/api/v1/iam/accounts/s3cret/join?x=1', '/api/v1/iam/accounts/:token/join', '/api/v1/iam/accounts/{token}/join'],
    // Percent-encoded, it is the same route.
    ['/accounts/s3cret/jo%69n', '/accounts/:token/join', '/accounts/{token}/jo%69n'],
    // Missed routes carry the token all the same.
    ['/accounts/s3cret/join/', undefined, '/accounts/{token}/join/'],
    ['/api/v1/iam/accounts/s3cret/join', undefined, '/api/v1/iam/accounts/{token}/join'],
    ['/accounts/01900000/resend_invitation', '/accounts/:id/resend_invitation', '/accounts/01900000/resend_invitation'],
    // Other spellings of the path, which miss it or not.
    [`/%61ccounts/s3cret/join`, undefined, '/%61ccounts/{token}/join'],
    [`/%2561ccounts/s3cret/join`, undefined, '/%2561ccounts/{token}/join'],
    ['/ACCOUNTS/s3cret/JOIN', undefined, '/ACCOUNTS/{token}/JOIN'],
    ['/accounts/s3cret/invitation', '/accounts/:token/invitation', '/accounts/{token}/invitation'],
    ['/accounts/s3cret/invitat%69on/', undefined, '/accounts/{token}/invitat%69on/'],
    ['/accounts//s3cret//join', undefined, '/accounts//{token}//join'],
    ['/accounts/s3cret/join;v=1', undefined, '/accounts/{token}/join;v=1'],
    // A token somewhere else, whole, cut or glued to something.
    [`/accounts/${TOKEN}`, '/accounts/:resource_id', '/accounts/{token}'],
    [`/accounts/${TOKEN.slice(0, 30)}`, '/accounts/:resource_id', '/accounts/{token}'],
    [`/accounts/${TOKEN}%2Fjoin`, '/accounts/:resource_id', '/accounts/{token}/join'],
    [`/accounts/%7A${TOKEN.slice(1)}/jion`, undefined, '/accounts/{token}/jion'],
    [`/join/token=${TOKEN}`, undefined, '/join/token={token}'],
    [`/${TOKEN}`, undefined, '/{token}'],
    // What is no token stays, also where it is long.
    ['/accounts/01a21042-e087-75aa-98cb-db376bc2d223', undefined, '/accounts/01a21042-e087-75aa-98cb-db376bc2d223'],
    [
      '/.well-known/oauth-authorization-server',
      '/.well-known/oauth-authorization-server',
      '/.well-known/oauth-authorization-server',
    ],
    ['/a%b/%FF', undefined, '/a%b/%FF'],
  ])('makes of %s on %s: %s', (url, pattern, path) => {
    expect(loggedPath(url, pattern)).toBe(path);
  });
});
