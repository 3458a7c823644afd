import ts from 'typescript';

/** SQL in a TypeScript source file. */
export interface SqlText {
  /** Counted from 1. */
  readonly line: number;
  /** The text; an interpolated expression is `$`. */
  readonly text: string;
}

/** How a string of SQL begins, or what stands in it, when no `sql` tag says that it is one. */
const STATEMENT =
  /\bSELECT\b[^]*\bFROM\b|^\s*SELECT\b|\bINSERT INTO\b|\bDELETE FROM\b|\bUPDATE\s+\S+(\s+(AS\s+)?\w+)?\s+SET\b|^\s*(WITH|LOCK TABLE|TRUNCATE|CREATE|ALTER|DROP|SET LOCAL|SET TRANSACTION|FETCH|DECLARE|COPY|FROM)\s+[\w"$]/;

/** What a file has that SQL may be in; the others need not be parsed. */
const MAY_HAVE_SQL = /sql`|[A-Z]{4}|\btable/;

/** Properties that name a table, as of a sweep or of a library's options. */
const TABLE_PROPERTIES = new Set(['table', 'tableName']);

const textOf = (template: ts.TemplateLiteral): string =>
  ts.isNoSubstitutionTemplateLiteral(template)
    ? template.text
    : [template.head.text, ...template.templateSpans.map(({ literal }) => literal.text)].join('$');

function isTagged(node: ts.Node): boolean {
  return ts.isTaggedTemplateExpression(node.parent) && node.parent.tag.getText() === 'sql';
}

/** Text of a node that may be SQL; null for every other node. */
function sqlTextOf(node: ts.Node): string | null {
  if (ts.isTemplateExpression(node) || ts.isNoSubstitutionTemplateLiteral(node)) {
    const text = textOf(node);
    return isTagged(node) ? text : STATEMENT.test(text) ? text : null;
  }
  if (!ts.isStringLiteral(node)) return null;
  const { parent } = node;
  const namesTable = ts.isPropertyAssignment(parent) && TABLE_PROPERTIES.has(parent.name.getText());
  // As in a statement, so that the same search finds the table.
  if (namesTable) return `TABLE ${node.text}`;
  return STATEMENT.test(node.text) ? node.text : null;
}

/** Every piece of SQL in a source file: `sql` templates, strings that are statements, and names of tables. */
export function sqlIn(file: string, source: string): SqlText[] {
  if (!MAY_HAVE_SQL.test(source)) return [];
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const found: SqlText[] = [];
  const visit = (node: ts.Node): void => {
    const text = sqlTextOf(node);
    if (text !== null) {
      found.push({ line: tree.getLineAndCharacterOfPosition(node.getStart()).line + 1, text });
    }
    node.forEachChild(visit);
  };
  visit(tree);
  return found;
}

/** Tables of these names that a piece of SQL reads or writes, each once. A name may be `schema.*`. */
export function tablesIn(sql: string, names: readonly string[]): string[] {
  return names.filter((name) => {
    const table = name.endsWith('.*') ? `"?${name.slice(0, -2)}"?\\.\\w+` : `"?${name}"?(?![\\w.(])`;
    // After a comma it is a table only with an alias behind it: else it is a column.
    const place = `(?:\\b(?:FROM|JOIN|INTO|UPDATE|USING|TABLE|ONLY)\\s+${table}|,\\s+${table}\\s+[a-z])`;
    return new RegExp(place).test(sql);
  });
}
