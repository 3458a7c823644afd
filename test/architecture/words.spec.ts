import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../..');
const FOLDERS = ['src', 'docs', 'examples', 'bench', 'deploy', '.ci', 'test', 'packages', 'templates'];
const FILES = [
  'README.md',
  'CHANGELOG.md',
  'Dockerfile',
  'roles.yml',
  '.env.example',
  '.dependency-cruiser.cjs',
  'package.json',
];
const TEXT = /\.(ts|js|cjs|md|ya?ml|hbs|css|html|sh)$|\/[\w-]+$/;
/** This file lists the words; the contract is quoted; `faults` is the term of fault injection. */
const EXCLUDED = /^test\/(architecture\/words\.spec\.ts$|contract\/|faults\/)/;

/** Names and addresses of nobody in particular. */
const TEST_DATA = /['=](no|some|every)body( else)?\b|[\w.-]*(no|some)body[\w.-]*(@|\$)|NOBODYNOBODY|\{"nobody"/gi;

interface Term {
  /** Matched against whole words, in lower case; `aNameLikeThis` and `A_NAME` are several words. */
  readonly words: string;
  readonly instead: string;
  /** Where the word is right. */
  readonly except?: RegExp;
}

/** Terms of NestJS, JSON:API, OAuth, OWASP and PostgreSQL instead of ones that a developer would not search for. */
const TERMS: readonly Term[] = [
  { words: 'refus(e|es|ed|ing|als?)', instead: 'reject, fail with, not allowed', except: /connection refused/gi },
  { words: 'faults?', instead: 'error', except: /(test|\.\.)\/\(?faults/g },
  {
    words: 'whoever|somebody|anybody|nobody|everybody',
    instead: 'actor, user, client, operator, no one',
    except: TEST_DATA,
  },
  { words: 'callers?', instead: 'actor, client' },
  { words: 'judg(e|es|ed|ing|ements?)', instead: 'validate, check, decide' },
  { words: 'tells?|telling|told', instead: 'emit, log, notify, return, reveal' },
  { words: 'resource tables?', instead: 'resource definition' },
  { words: '(un)?hurried', instead: 'maintenance or request connection' },
  { words: '(un)?steady', instead: 'resilient, constant, flaky' },
  { words: 'strays?', instead: 'unhandled' },
  { words: 'patience', instead: 'timeout, TIMEOUT_MS' },
];

/** Constants are named by the prefix that a reader searches for. */
const PREFIXES: readonly (readonly [prefix: string, instead: string])[] = [
  ['MOST_', 'MAX_'],
  ['LONGEST_', 'MAX_'],
  ['LEAST_', 'MIN_'],
];

const separateWords = (line: string): string => line.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replaceAll('_', ' ');

/** A former name in the changelog. */
const RENAMED = /`[^`]+` →/g;

const PATTERNS = TERMS.map((term) => ({ ...term, pattern: new RegExp(`\\b(${term.words})\\b`, 'gi') }));

/** `file:line: "word"; write … instead`, for each word of the text that has a better one, in the order of `TERMS`. */
function findWords(file: string, text: string): string[] {
  const words = separateWords(text);
  const possible = PATTERNS.filter(({ pattern }) => words.search(pattern) >= 0);
  return text.split('\n').flatMap((original, index) => {
    const line = original.replace(RENAMED, '');
    const terms = possible.flatMap(({ pattern, instead, except }) => {
      const found = separateWords(except ? line.replace(except, '') : line).matchAll(pattern);
      return [...found].map(([word]) => ({ word, instead }));
    });
    const prefixes = PREFIXES.filter(([prefix]) => new RegExp(`\\b${prefix}`).test(line));
    return [...terms, ...prefixes.map(([word, instead]) => ({ word, instead }))].map(
      ({ word, instead }) => `${file}:${index + 1}: "${word}"; write ${instead} instead`,
    );
  });
}

const filesOf = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(ROOT, join(parentPath, name)))
    .filter((file) => TEXT.test(file) && !file.includes('node_modules') && !EXCLUDED.test(file));

describe('Words', () => {
  it('are those of the glossary', () => {
    const files = [...FILES, ...FOLDERS.flatMap(filesOf)];
    expect(files.length).toBeGreaterThan(100);
    expect(files.flatMap((file) => findWords(file, readFileSync(join(ROOT, file), 'utf8')))).toEqual([]);
  });

  it.each([
    ['// Whoever asks is refused.', ['"refused"', '"Whoever"']],
    ['function tellCaller() {}', ['"Caller"', '"tell"']],
    ['const MOST_PEOPLE = 3;', ['"MOST_"']],
    ['// ECONNREFUSED: connection refused', []],
  ])('are found in %s', (line, words) => {
    expect(findWords('a.ts', `\n${line}`)).toEqual(
      words.map((word) => expect.stringMatching(`^a\\.ts:2: ${word}; write .+ instead$`)),
    );
  });
});
