import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../../src/json-api/document/errors.js';
import { checkAccept, checkContentType, documentMediaType } from '../../src/json-api/http/http.js';

const TYPE = 'application/vnd.api+json';

/** The status that a check ends with: 200 when it lets pass. */
function statusOf(check: () => void): number {
  try {
    check();
    return 200;
  } catch (error) {
    if (error instanceof ApiError) return error.status;
    throw error;
  }
}

describe('Content negotiation (JSON:API 1.1)', () => {
  it.each([
    [TYPE, 200],
    [`${TYPE};profile="https://example.com/a;b https://example.com/c"`, 200],
    [`${TYPE} ; PROFILE=x`, 200],
    ['APPLICATION/vnd.API+json', 200],
    ['application/json; charset=utf-8', 200],
    ['', 200],
    [`${TYPE};charset=utf-8`, 415],
    [`${TYPE};profile="x";ext="y"`, 415],
    [`${TYPE};ext="https://jsonapi.org/ext/atomic"`, 415],
    [`${TYPE};q=1`, 415],
    [`${TYPE};x`, 415],
  ])('takes the Content-Type %s with %i', (header, status) => {
    expect(statusOf(() => checkContentType(header))).toBe(status);
  });

  it.each([
    [undefined, 200],
    ['', 200],
    ['*/*', 200],
    ['text/html, application/xhtml+xml;q=0.9', 200],
    ['application/json;charset=utf-8', 200],
    [TYPE, 200],
    [`${TYPE};q=0.3`, 200],
    [`${TYPE};profile="a,b;c=d"`, 200],
    [`${TYPE};ext="a", ${TYPE}`, 200],
    [`${TYPE};ext="a\\",${TYPE}"`, 406],
    [`${TYPE};charset=utf-8`, 406],
    [`${TYPE};charset=utf-8, ${TYPE};ext="a"`, 406],
    [`${TYPE};version=2, */*`, 406],
    [`${TYPE};x`, 406],
    [`text/html , ${TYPE} ; ext = "a;b" ,${TYPE};profile=x;q=0.5`, 200],
  ])('takes the Accept %s with %i', (header, status) => {
    expect(statusOf(() => checkAccept(header))).toBe(status);
  });

  it.each([
    [undefined, TYPE],
    ['', TYPE],
    ['*/*', TYPE],
    ['application/*', TYPE],
    ['text/html', TYPE],
    ['application/json', 'application/json'],
    ['APPLICATION/JSON;q=0.5, text/html', 'application/json'],
    ['application/json, text/plain, */*', TYPE],
    [`application/json, ${TYPE};q=0.1`, TYPE],
    [`application/json, ${TYPE};profile="https://example.com/a"`, TYPE],
    [`application/json, ${TYPE};q=0`, 'application/json'],
    ['application/json;q=0', TYPE],
  ])('answers the Accept %s with %s', (header, type) => {
    expect(documentMediaType(header)).toBe(type);
  });
});
