import { wordsOf } from '../json-api/resource/field-types.js';
import {
  contains,
  hasTrigram,
  isLike,
  likePattern,
  type Operands,
  plainValues,
  storedLowerCase,
} from '../json-api/sql/operators.js';
import { and, or, Parameter, raw, sql, TRUE, type Sql } from '../json-api/sql/sql.js';

/** Conditions of the filters that look for text in accounts. */

const NAME = storedLowerCase(sql`row.name_folded`);
const EMAIL = storedLowerCase(sql`row.email_folded`);

/**
 * Whether each word occurs in name or e-mail, whatever its case. The indexes are asked for the longest word that has a
 * trigram; what they find is looked through for the others, however many there are.
 */
export function hasWords(operands: Operands): Sql {
  const [longest, ...others] = wordsOf(String(plainValues(operands)[0] ?? '')).toSorted(
    (a, b) => Number(hasTrigram(b)) - Number(hasTrigram(a)) || b.length - a.length,
  );
  if (longest === undefined) return TRUE;
  const word = { ...operands, values: [{ value: longest }] };
  const patterns = sql`${new Parameter(others.map(likePattern))}::text[]`;
  const pattern = raw('word.pattern');
  return and([
    or([contains(NAME, word), emailContains(word)]),
    sql`CASE WHEN cardinality(${patterns}) = 0 THEN TRUE ELSE NOT EXISTS (
      SELECT 1 FROM unnest(${patterns}) AS word(pattern)
      WHERE NOT ${or([isLike(NAME, pattern), isLike(EMAIL, pattern)])}) END`,
  ]);
}

/**
 * Whether an e-mail contains the text, whatever its case. Of a whole address the index is asked for what stands up to
 * the @ alone: the domain is that of most other accounts, and its lists in the index are as long as the table. A million
 * accounts of one domain took 77 ms, and take 3.
 */
export function emailContains(operands: Operands): Sql {
  const text = String(plainValues(operands)[0] ?? '');
  const local = text.slice(0, text.indexOf('@') + 1);
  if (!hasTrigram(local)) return contains(EMAIL, operands);
  const hasLocal = contains(EMAIL, { ...operands, values: [{ value: local }] });
  return and([hasLocal, sql`strpos(${EMAIL.text}, lower(${text} COLLATE "und-x-icu") COLLATE "C") > 0`]);
}
