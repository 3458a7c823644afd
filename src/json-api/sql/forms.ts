import type { Criteria, Shape } from '../query/criteria.js';
import { signature } from '../query/cursor.js';
import type { AnyResource } from '../resource/resource.js';

/**
 * The form of a request: everything that the text of its statement depends on, and that is no piece of SQL by itself.
 * Values are not in it. What the functions of `select.ts` read of a shape or of criteria has to be in here.
 */

/** The form of a statement that selects a resource in this shape. */
export function shapeForm({ type }: AnyResource, { fields, include }: Shape): string {
  const chosen = fields.get(type);
  return `${chosen ? [...chosen].sort().join() : '*'} ${include.length > 0 ? 'linked' : ''}`;
}

/** What is parsed once is asked for many times: of a list of 50 this takes 1 µs of 5. */
const pageForms = new WeakMap<Criteria, string>();

/** The form of a page's statement. */
export function pageForm(resource: AnyResource, criteria: Criteria): string {
  const known = pageForms.get(criteria);
  if (known !== undefined) return known;
  const { page, sort, count } = criteria;
  const numbered = page.mode === 'number' && (page.number === 1 ? 'first' : 'further');
  const place = numbered || (page.mode === 'cursor' && `${page.direction} ${page.cursor ? 'cursor' : 'end'}`);
  const form = `page ${shapeForm(resource, criteria)} ${signature(sort)} ${place} ${page.size} ${count}`;
  pageForms.set(criteria, form);
  return form;
}
