import { LRUCache } from 'lru-cache';
import type { Condition, Criteria, Selection } from '../query/criteria.js';
import { signature } from '../query/pagination.js';
import type { AnyResource } from '../resource/resource.js';
import { type Projection, type Source, type View, viewOf } from './select.js';
import { compileAll, Parameter, raw, Sql, sql, type Statement } from './sql.js';

/** What a request selects from a source. */
export interface StatementRequest {
  /** Everything that the statement depends on besides the source, the conditions and the values: its form, as text. */
  readonly form: string;
  readonly conditions?: readonly Condition[];
  /** Values of the request, such as an id. A null stays a null when the statement is made, since its text depends on it. */
  readonly values?: readonly unknown[];
  /** Whether connections should keep the statement unless it has lists, and who decides its form: {@link PreparedNames}. */
  readonly prepare?: 'fixed' | 'requested' | undefined;
  /** Whether one plan is the best for all values, lists too. */
  readonly onePlan?: boolean;
}

/** A statement with the values of one request, and how its rows are read. */
export interface BoundStatement extends Pick<Projection, 'read'> {
  readonly statement: Statement;
}

/** A statement without values: the n-th of its own is the `numbers[n]`-th of those that its pieces bring. */
interface Entry extends Pick<Projection, 'read'> {
  readonly text: string;
  readonly numbers: readonly number[];
  readonly name?: string;
}

type Make = (view: View, values: readonly unknown[]) => { projection: Projection; statement: Sql };

/** In bytes, of all resources together: some 4,000 statements. */
const MAX_BYTES = 16 * 1024 * 1024;
/** What an entry takes besides its key and its text, in bytes: what reads its rows, numbers, and the cache's own part. */
const ENTRY_BYTES = 2_000;
/** Between pieces in a key; stands in no SQL. */
const SEPARATOR = '\0';

/** The place of a value while a statement is made; its value is the number of the value that it stands for. */
class Slot extends Parameter {}

/**
 * Caches the text of statements, for all actors: what an actor may see and what a request asks for come as
 * pieces of SQL, and their texts are the key, so a statement is found again only for pieces of the very same text. No
 * value is remembered. The values in a statement are always those of the pieces at hand.
 */
export class StatementCache {
  private readonly names = new PreparedNames();
  private readonly entries = new LRUCache<string, Entry>({
    maxSize: MAX_BYTES,
    // Texts are ASCII, and one byte a character.
    sizeCalculation: ({ text }, key) => key.length + text.length + ENTRY_BYTES,
  });

  /** Estimated size of the cached statements, in bytes. */
  get bytes(): number {
    return this.entries.calculatedSize;
  }

  /** Number of cached statements. */
  get size(): number {
    return this.entries.size;
  }

  /** The statement of this form on what the source shows, with the values of this request; `make` makes it once. */
  of(source: Source, ask: StatementRequest, make: Make): BoundStatement {
    const { resource, scopeCondition, computed } = source;
    const { form, conditions = [], values = [] } = ask;
    const pieces = [scopeCondition, ...computed.values(), ...conditions.map(source.condition), ...values.map(pieceOf)];
    const { text: texts, values: brought } = compileAll(pieces, SEPARATOR);
    const key = `${resource.type}${SEPARATOR}${form}${SEPARATOR}${texts}`;
    let entry = this.entries.get(key);
    if (!entry) {
      const dependsOnLists = !ask.onePlan && brought.some(Array.isArray);
      entry = this.make(source, pieces, dependsOnLists ? { ...ask, prepare: undefined } : ask, make);
      this.entries.set(key, entry);
    }
    const { text, name, numbers, read } = entry;
    const own = numbers.map((number) => brought[number]);
    return { read, statement: name === undefined ? { text, values: own } : { text, values: own, name } };
  }

  private make(source: Source, pieces: readonly Sql[], { values = [], prepare }: StatementRequest, make: Make): Entry {
    const [scopeCondition = source.scopeCondition, ...rest] = slotted(pieces);
    const computed = new Map([...source.computed.keys()].map((property, i) => [property, rest[i] ?? scopeCondition]));
    const places = rest.slice(rest.length - values.length);
    const { projection, statement } = make(
      viewOf({ ...source, scopeCondition, computed }, rest.slice(computed.size, rest.length - values.length)),
      places.map((place, i) => (values[i] === null ? null : place)),
    );
    if (!statement.values.every((value) => value instanceof Slot)) {
      throw new TypeError(`A statement on ${source.resource.type} has a value that none of its pieces brings`);
    }
    const { text, values: numbers } = statement.compile();
    const name = prepare ? this.names.of(text, prepare) : undefined;
    return { text, numbers: numbers.map(Number), read: projection.read, ...(name !== undefined && { name }) };
  }
}

const pieceOf = (value: unknown): Sql => (value === null ? raw('NULL') : sql`${value}`);

/** The pieces with the number of each value, as `compile` counts them over all of them, in place of the value. */
function slotted(pieces: readonly Sql[]): Sql[] {
  const shared = new Map<Parameter, Slot>();
  let count = 0;
  const slotOf = (value: unknown): Slot => {
    const slot = (value instanceof Parameter ? shared.get(value) : undefined) ?? new Slot(count++);
    if (value instanceof Parameter) shared.set(value, slot);
    return slot;
  };
  return pieces.map(({ strings, values }) => new Sql(strings, values.map(slotOf)));
}

/**
 * The form of a request: everything that the text of its statement depends on, and that is no piece of SQL by itself.
 * Values are not in it. What the functions of `select.ts` read of a selection or of criteria has to be in here.
 */

/** The form of a statement that selects a resource with this selection. */
export function selectionForm({ type }: AnyResource, { fields, include }: Selection): string {
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
  const form = `page ${selectionForm(resource, criteria)} ${signature(sort)} ${place} ${page.size} ${count}`;
  pageForms.set(criteria, form);
  return form;
}

/** How many statements get a name: each is kept by every connection for as long as that lives, some 20 KB apiece. */
const MAX_NAMES = 200;
/** Of these, how many may go to statements whose form a query string decides: a client that sends many cannot use up the rest. */
const MAX_REQUESTED_NAMES = 100;

/**
 * Names of prepared statements, for those of which no value changes what the best plan is, as patterns, offsets and lists
 * do (show by id: 152 → 22 µs of PostgreSQL's CPU). A name is never taken back, since connections know it by then.
 */
class PreparedNames {
  private readonly names = new Map<string, string>();
  private requested = 0;

  /** The name of a text; none when they are given away. `fixed` is a form that no query string decides. */
  of(text: string, form: 'fixed' | 'requested'): string | undefined {
    const known = this.names.get(text);
    if (known !== undefined) return known;
    if (this.names.size >= MAX_NAMES || (form === 'requested' && this.requested >= MAX_REQUESTED_NAMES))
      return undefined;
    if (form === 'requested') this.requested++;
    const name = `json_api_${this.names.size}`;
    this.names.set(text, name);
    return name;
  }
}
