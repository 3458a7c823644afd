import { describe, expect, it } from '@jest/globals';
import { chooseLanguage, formatAcceptLanguage, parseAcceptLanguage } from '../../src/language/accept-language.js';

describe('Accept-Language', () => {
  it.each([
    ['de', [['de', 1]]],
    [
      'da, en-gb;q=0.8, en;q=0.7',
      [
        ['da', 1],
        ['en-gb', 0.8],
        ['en', 0.7],
      ],
    ],
    [
      'en;q=0.7,de-CH',
      [
        ['de-CH', 1],
        ['en', 0.7],
      ],
    ],
    [
      'fr ; q=0.5 , de\t;\tQ=0.9',
      [
        ['de', 0.9],
        ['fr', 0.5],
      ],
    ],
    [
      'de;q=1.000, en;q=0.001, fr;q=0.',
      [
        ['de', 1],
        ['en', 0.001],
        ['fr', 0],
      ],
    ],
    [
      'b;q=0.5,a;q=0.5,c;q=0.5',
      [
        ['b', 0.5],
        ['a', 0.5],
        ['c', 0.5],
      ],
    ],
    [', ,de,,', [['de', 1]]],
    ['*', [['*', 1]]],
    ['zh-Hant-TW', [['zh-Hant-TW', 1]]],
    ['', []],
  ])('reads %j', (header, ranges) => {
    expect(parseAcceptLanguage(header).map(({ range, quality }) => [range, quality])).toEqual(ranges);
  });

  it.each([
    'de;q=2',
    'de;q=0.1234',
    'de;q=1.1',
    'de;q=-1',
    'de;q=',
    'de;level=1',
    'de;q=0.5;q=0.6',
    'd e',
    'de_DE',
    'ninechars',
    'de-',
    '-de',
    'dé',
    '*-CH',
    `de${'-a'.repeat(40)}`,
    '<script>',
    '\u0000',
  ])('leaves out %j, and keeps the rest', (item) => {
    expect(parseAcceptLanguage(`${item},fr;q=0.5`)).toEqual([{ range: 'fr', quality: 0.5 }]);
  });

  it('is read in no time and to a bounded size, whatever is sent', () => {
    const started = performance.now();
    for (const item of ['a', 'de-', ' ;q=0.', '\t', 'a-a']) parseAcceptLanguage(item.repeat(20_000));
    expect(performance.now() - started).toBeLessThan(100);
    expect(parseAcceptLanguage('de,'.repeat(10_000)).length).toBeLessThanOrEqual(10);
  });

  it('is written as it was understood', () => {
    expect(formatAcceptLanguage(parseAcceptLanguage('en;q=0.7 ,nonsense;x, de-CH,*;q=0'))).toBe(
      'de-CH, en;q=0.7, *;q=0',
    );
  });
});

describe('The chosen language', () => {
  it.each([
    ['', 'en'],
    ['de', 'de'],
    ['DE', 'de'],
    ['de-CH', 'de'],
    ['de-CH-1996', 'de'],
    ['fr, de;q=0.5', 'de'],
    ['fr;q=0.9, de;q=0.5, en;q=0.7', 'en'],
    ['fr', 'en'],
    ['*', 'en'],
    ['fr, *;q=0.5', 'en'],
    ['pt', 'pt-BR'],
    ['pt-BR', 'pt-BR'],
    ['pt-PT', 'en'],
    ['en;q=0', 'de'],
    ['en;q=0, *', 'de'],
    ['*;q=0, pt', 'pt-BR'],
    ['*;q=0', 'en'],
    ['de;q=0, de-CH', 'en'],
    ['de-x-private', 'de'],
    ['d', 'en'],
    ['e', 'en'],
  ])('for %j is %s', (header, language) => {
    expect(chooseLanguage(header, ['en', 'de', 'pt-BR'])).toBe(language);
  });

  it('is a shorter range before a longer one of equal weight that comes later', () => {
    expect(chooseLanguage('de, de-AT', ['en', 'de', 'de-AT'])).toBe('de');
    expect(chooseLanguage('de-AT, de', ['en', 'de', 'de-AT'])).toBe('de-AT');
  });
});
