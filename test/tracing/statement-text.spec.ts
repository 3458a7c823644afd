import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { harmlessText, operationOf } from '../../src/tracing/statement-text.js';

describe('The text of a statement in a trace', () => {
  it.each([
    ['SELECT "row"."email" FROM "accounts" "row" WHERE id = $1 LIMIT $2', undefined],
    ['UPDATE accounts SET name = $10 WHERE id = ANY($2::uuid[])', undefined],
    ["SELECT 'secret'", 'SELECT ?'],
    ["SELECT 'it''s secret' AS x", 'SELECT ? AS x'],
    [String.raw`SELECT E'it\'s secret' AS x`, 'SELECT ? AS x'],
    [String.raw`SELECT 'ends with \' AS x, 'secret'`, 'SELECT ? AS x, ?'],
    ["SELECT U&'s\\0065cret', b'0101', X'1F', n'secret', date'2020-01-01'", 'SELECT ?, ?, ?, ?, date?'],
    ['SELECT $$secret$$, $a_1$ $$ secret $b$ $a_1$, $1', 'SELECT ?, ?, $1'],
    ['SELECT 12345, -1.5e10, .5, 0x1F, int4, a1', 'SELECT ?, -?, ?, ?, int4, a1'],
    ["SELECT 1 -- it's secret\n, 'secret'", 'SELECT ? , ?'],
    ["SELECT /* it's secret */ a /* secret */, 'secret'", 'SELECT a , ?'],
    ["SELECT a /* /* nested */ ' */ 'secret'", 'SELECT a'],
    [`SELECT "it's", 'secret'`, `SELECT "it's", ?`],
    [`SELECT "a""'b", 'secret'`, `SELECT "a""'b", ?`],
    ["SELECT 'secret that does not end", 'SELECT ?'],
    ["SELECT E'a'\n  'b\\' secret' FROM a", 'SELECT ? FROM a'],
    ['SELECT $a$ secret that does not end', 'SELECT ?'],
    ['SELECT a /* secret that does not end', 'SELECT a'],
    ["SELECT\n    a,\n    b\n  FROM c WHERE d = 'é secret'", 'SELECT a, b FROM c WHERE d = ?'],
  ])('%s', (text, shown) => {
    expect(harmlessText(text)).toBe(shown ?? text);
  });

  it('shows nothing of any literal, however it is quoted', () => {
    const value = fc.string({ unit: fc.constantFrom("'", '"', '\\', '$', '-', '/', '*', ' ', 'a', '\n', 'E') });
    fc.assert(
      fc.property(value, value, (left, right) => {
        const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;
        const escape = (text: string): string => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
        expect(harmlessText(`SELECT ${quote(left)}, ${escape(right)} FROM a`)).toBe('SELECT ?, ? FROM a');
      }),
    );
  });

  it('is cut where it is very long, and a literal there with it', () => {
    expect(harmlessText(`SELECT '${'secret'.repeat(100_000)}`)).toBe('SELECT ?');
    expect(harmlessText(`SELECT ${'a, '.repeat(10_000)}`).length).toBeLessThan(5_000);
  });

  it.each([
    ['SELECT 1', 'SELECT'],
    ['start transaction', 'START'],
    ['(SELECT a) UNION (SELECT b)', 'SELECT'],
    ['WITH a AS (SELECT b) SELECT c', 'WITH'],
    ['', 'UNKNOWN'],
  ])('%s is called %s', (text, operation) => {
    expect(operationOf(text)).toBe(operation);
  });
});
