import type { Pool } from 'pg';
import type { DataSource, EntityManager } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';

/**
 * SQL as composable values. Text comes only from this project's source, values travel only as parameters:
 * there is no way to put a request's text into a statement. Below: what runs statements.
 */

/** A statement as PostgreSQL takes it: `$1 … $n` and their values. With a name, a connection parses it only once. */
export interface Statement {
  readonly text: string;
  readonly values: unknown[];
  readonly name?: string;
}

/** A value that stands at several places of a statement, and travels once. */
export class Parameter {
  constructor(readonly value: unknown) {}
}

/** A piece of SQL: literal text between values, `strings.length === values.length + 1`. */
export class Sql {
  constructor(
    readonly strings: readonly string[],
    readonly values: readonly unknown[],
  ) {}

  /** The text with `$1 … $n` and its values; a {@link Parameter} has one number wherever it stands. */
  compile(): Statement {
    return compileAll([this], '');
  }
}

/** The texts of pieces with a separator between them, numbered through, and all their values. */
export function compileAll(pieces: readonly Sql[], separator: string): Statement {
  let numbers: Map<Parameter, number> | undefined;
  const values: unknown[] = [];
  let text = '';
  for (const piece of pieces) {
    text += piece.strings[0];
    for (let i = 0; i < piece.values.length; i++) {
      const value = piece.values[i];
      let number: number | undefined;
      if (value instanceof Parameter) {
        number = numbers?.get(value) ?? values.push(value.value);
        (numbers ??= new Map<Parameter, number>()).set(value, number);
      } else {
        number = values.push(value);
      }
      text += `$${number}${piece.strings[i + 1]}`;
    }
    text += separator;
  }
  return { text, values };
}

/** Puts pieces together without copying what is there already. */
class SqlBuilder {
  private readonly strings: string[];
  private readonly values: unknown[] = [];

  constructor(start: string) {
    this.strings = [start];
  }

  add(insert: unknown, tail: string): void {
    if (insert instanceof Sql) {
      const { strings, values } = insert;
      this.strings[this.strings.length - 1] += strings[0] ?? '';
      for (let i = 0; i < values.length; i++) {
        this.values.push(values[i]);
        this.strings.push(strings[i + 1] ?? '');
      }
      this.strings[this.strings.length - 1] += tail;
    } else {
      this.values.push(insert);
      this.strings.push(tail);
    }
  }

  finish(): Sql {
    return new Sql(this.strings, this.values);
  }
}

/** Template tag: nested `Sql` is spliced in, everything else becomes a parameter. */
export function sql(strings: TemplateStringsArray, ...inserts: unknown[]): Sql {
  const builder = new SqlBuilder(strings[0] ?? '');
  for (let i = 0; i < inserts.length; i++) builder.add(inserts[i], strings[i + 1] ?? '');
  return builder.finish();
}

/** An identifier, quoted. For names out of entity metadata; never for text out of a request. */
export function ident(name: string): Sql {
  return new Sql([`"${name.replaceAll('"', '""')}"`], []);
}

/** A column of the row that a statement reads. */
export const rowColumn = (name: string): Sql => sql`row.${ident(name)}`;

/** The same, of that row or of the one beside it. */
export const columnSql = ({
  column,
  side,
}: {
  readonly column: string;
  readonly side?: { readonly alias: string };
}): Sql => (side ? sql`${ident(side.alias)}.${ident(column)}` : rowColumn(column));

/** Trusted text of this project as SQL, such as a keyword picked from a table. */
export function raw(text: string): Sql {
  return new Sql([text], []);
}

/** Joins pieces with a separator; an empty list gives empty text. */
export function join(parts: readonly Sql[], separator: string): Sql {
  const builder = new SqlBuilder('');
  parts.forEach((part, i) => builder.add(part, i < parts.length - 1 ? separator : ''));
  return builder.finish();
}

export const TRUE = raw('TRUE');
export const FALSE = raw('FALSE');

const bracketed = (parts: readonly Sql[], between: string): Sql => {
  const builder = new SqlBuilder('(');
  parts.forEach((part, i) => builder.add(part, i < parts.length - 1 ? between : ')'));
  return builder.finish();
};

/** All of them, each bracketed so that an OR inside cannot leak out; nothing means TRUE. */
export function and(parts: readonly Sql[]): Sql {
  return parts.length === 0 ? TRUE : bracketed(parts, ') AND (');
}

/** Any of them, each and the whole bracketed; nothing means FALSE. */
export function or(parts: readonly Sql[]): Sql {
  return parts.length === 0 ? FALSE : sql`(${bracketed(parts, ') OR (')})`;
}

/** What PostgreSQL takes as a value. */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether a text is a UUID in its usual spelling (RFC 9562). */
export const isUuid = (value: unknown): value is string => typeof value === 'string' && UUID.test(value);

/** Whether PostgreSQL can hold the text: no NUL, no lone surrogate. */
export const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/** Whether a value is text that PostgreSQL can hold. */
export const isStorableText = (value: unknown): boolean => typeof value === 'string' && isStorable(value);

/** An open transaction. Passed on as an argument, so that a reader sees what runs inside it. */
export interface Transaction {
  /** TypeORM's manager, bound to this transaction's connection. */
  readonly manager: EntityManager;
  /** Runs a statement on this transaction's connection and gives its rows. */
  query<Row>(statement: Sql): Promise<Row[]>;
  /** The same for a compiled statement, with rows as PostgreSQL sends them. */
  columns(statement: Statement): Promise<Columns[]>;
  /**
   * Sends a statement whose rows nothing waits for. When it fails, so does the next statement that is waited for, or the
   * commit, with its error.
   */
  send(statement: Sql): void;
  /** Runs once the commit is acknowledged; never after a rollback. */
  afterCommit(effect: () => void | Promise<void>): void;
}

/** What a transaction reads at its end. */
export interface Reading<Result> {
  readonly read: Promise<Result>;
}

/** Opens transactions. `src/database` implements it; the resource layer only needs to know that it exists. */
export abstract class Transactions {
  /** Runs one statement that stands for itself, as its own transaction: one round trip in place of three. */
  abstract query<Row>(statement: Sql): Promise<Row[]>;

  /**
   * Runs work in one transaction that ends with reading what it wrote: by one statement, for which it does not wait, and
   * whose result decides nothing any more. The COMMIT is sent right behind it.
   */
  abstract runAndRead<Result>(work: (tx: Transaction) => Promise<Reading<Result>>): Promise<Result>;

  /** Runs the work in one transaction: commits when it resolves, rolls back when it throws. */
  run<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return this.runAndRead(async (tx) => ({ read: Promise.resolve(await work(tx)) }));
  }
}

/** SQLSTATE of a statement that waited for a lock for longer than `lock_timeout`. */
export const LOCK_NOT_AVAILABLE = '55P03';

/** A row as PostgreSQL sends it: its columns in order. */
export type Columns = readonly unknown[];

/** Runs the layer's statements: inside the transaction that it is given, else on any connection of the pool. */
export class Executor {
  constructor(private readonly dataSource: DataSource) {}

  async rows(statement: Statement, tx?: Transaction): Promise<Columns[]> {
    if (tx) return tx.columns(statement);
    const { text, values, name } = statement;
    // Directly on the pool: no entity is hydrated for what is only read and sent on.
    const pool = poolOf(this.dataSource);
    return (await pool.query<unknown[]>({ text, values, rowMode: 'array', ...(name !== undefined && { name }) })).rows;
  }
}

/**
 * The pool of `pg` behind an initialized data source, for statements whose rows are no entities. TypeORM does not
 * document it: this is the one place that uses it.
 * @throws TypeError before `initialize`, and when an update of TypeORM has moved the pool
 */
export function poolOf(dataSource: Pick<DataSource, 'driver'>): Pool {
  const pool: Partial<Pool> | undefined = (dataSource.driver as PostgresDriver).master;
  if (typeof pool?.query !== 'function') {
    throw new TypeError('The data source is not initialized, or TypeORM keeps its pool in another place than `master`');
  }
  return pool as Pool;
}
