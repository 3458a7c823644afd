import { describe, expect, it } from '@jest/globals';
import { loggedPath } from '../../src/logging/request-line.js';

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
  ])('makes of %s on %s: %s', (url, pattern, path) => {
    expect(loggedPath(url, pattern)).toBe(path);
  });
});
