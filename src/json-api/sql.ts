/**
 * SQL as composable values. Text comes only from this project's source, values travel only as parameters:
 * there is no way to put a request's text into a statement.
 */

/** A statement as PostgreSQL takes it: `$1 … $n` and their values. With a name, a connection parses it only once. */
export interface Statement {
  readonly text: string;
  readonly values: unknown[];
  readonly name?: string;
}

/** A piece of SQL: literal text between values, `strings.length === values.length + 1`. */
export class Sql {
  constructor(
    readonly strings: readonly string[],
    readonly values: readonly unknown[],
  ) {}

  compile(): Statement {
    let text = this.strings[0] ?? '';
    for (let i = 0; i < this.values.length; i++) text += `$${i + 1}${this.strings[i + 1]}`;
    return { text, values: [...this.values] };
  }
}

/** Template tag: nested `Sql` is spliced in, everything else becomes a parameter. */
export function sql(strings: TemplateStringsArray, ...inserts: unknown[]): Sql {
  const texts: string[] = [strings[0] ?? ''];
  const values: unknown[] = [];
  inserts.forEach((insert, i) => {
    const tail = strings[i + 1] ?? '';
    if (insert instanceof Sql) {
      texts[texts.length - 1] += insert.strings[0] ?? '';
      texts.push(...insert.strings.slice(1));
      values.push(...insert.values);
      texts[texts.length - 1] += tail;
    } else {
      values.push(insert);
      texts.push(tail);
    }
  });
  return new Sql(texts, values);
}

/** An identifier, quoted. For names out of entity metadata; never for text out of a request. */
export function ident(name: string): Sql {
  return new Sql([`"${name.replaceAll('"', '""')}"`], []);
}

/** Trusted text of this project as SQL, such as a keyword picked from a table. */
export function raw(text: string): Sql {
  return new Sql([text], []);
}

/** Joins pieces with a separator; an empty list gives empty text. */
export function join(parts: readonly Sql[], separator: string): Sql {
  return parts.length === 0 ? raw('') : parts.reduce((left, right) => sql`${left}${raw(separator)}${right}`);
}

export const TRUE = raw('TRUE');
export const FALSE = raw('FALSE');

/** All of them, each bracketed so that an OR inside cannot leak out; nothing means TRUE. */
export function and(parts: readonly Sql[]): Sql {
  return parts.length === 0
    ? TRUE
    : join(
        parts.map((part) => sql`(${part})`),
        ' AND ',
      );
}

/** Any of them, each and the whole bracketed; nothing means FALSE. */
export function or(parts: readonly Sql[]): Sql {
  return parts.length === 0
    ? FALSE
    : sql`(${join(
        parts.map((part) => sql`(${part})`),
        ' OR ',
      )})`;
}
