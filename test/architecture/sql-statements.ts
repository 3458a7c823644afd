import ts from 'typescript';

/** SQL in a TypeScript source file. */
export interface SqlText {
  /** Counted from 1. */
  readonly line: number;
  /** The text; an interpolated expression is `$`. */
  readonly text: string;
}

/** How a string of SQL begins, or what stands in it, when neither a tag nor a call of `query` says that it is SQL. */
const STATEMENT =
  /\bSELECT\b[^]*\bFROM\b|^\s*SELECT\b|\bINSERT INTO\b|\bDELETE FROM\b|\bMERGE INTO\b|\bUPDATE\s+\S+(\s+(AS\s+)?\w+)?\s+SET\b|\bFROM\s+\S+[^]*\bWHERE\b|::regclass\b|^\s*(WITH|LOCK TABLE|TRUNCATE|CREATE|ALTER|DROP|SET LOCAL|SET TRANSACTION|FETCH|DECLARE|COPY|FROM|ANALYZE|VACUUM|NOTIFY|LISTEN|GRANT|REVOKE)\s+[\w"$]/;

/** What a file has that SQL may be in; the others need not be parsed. */
const MAY_HAVE_SQL = /sql`|[A-Z]{4}|\btable|::regclass|query\(|getRepository|createQueryBuilder|InjectRepository/;

/** Properties that name a table, as of a sweep or of a library's options. */
const TABLE_PROPERTIES = new Set(['table', 'tableName']);

/** What TypeORM writes SQL for. */
const TYPEORM_CALLS = new Set(['getRepository', 'createQueryBuilder', 'InjectRepository']);

/** The value of a constant of the same file, `ident('accounts')` or a literal, as SQL has it; else `$`. */
function partOf(node: ts.Expression): string {
  if (ts.isCallExpression(node) && node.expression.getText() === 'ident') {
    const [name] = node.arguments;
    return name === undefined ? '$' : partOf(name);
  }
  if (!ts.isIdentifier(node)) return literalOf(node) ?? '$';
  const declaration = new RegExp(`\\bconst ${node.text}\\b[^=]*= '(\\w+)'`);
  return declaration.exec(node.getSourceFile().text)?.[1] ?? '$';
}

/** The text of a string, of a template and of a sum of them; null for anything else. */
function literalOf(node: ts.Node): string | null {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    const spans = node.templateSpans.map(({ expression, literal }) => partOf(expression) + literal.text);
    return [node.head.text, ...spans].join('');
  }
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.PlusToken) return null;
  const sides = [node.left, node.right].map(literalOf);
  return sides.every((side) => side === null) ? null : sides.map((side) => side ?? '$').join('');
}

/** Whether a sum has it: the whole is looked at, not its parts. */
const isPart = ({ parent }: ts.Node): boolean => ts.isBinaryExpression(parent) && literalOf(parent) !== null;

const isTagged = ({ parent }: ts.Node): boolean =>
  ts.isTaggedTemplateExpression(parent) && parent.tag.getText() === 'sql';

/** Whether it is the first argument of a method `query`, or the `text` of an object that is. */
function isSent(node: ts.Node): boolean {
  const isText = ts.isPropertyAssignment(node.parent) && node.parent.name.getText() === 'text';
  const argument = isText ? node.parent.parent : node;
  const call = argument.parent;
  if (!ts.isCallExpression(call) || call.arguments[0] !== argument) return false;
  return ts.isPropertyAccessExpression(call.expression) && call.expression.name.text === 'query';
}

/** Text of a node that may be SQL; null for every other node. */
function sqlTextOf(node: ts.Node): string | null {
  // TypeORM is asked for a query: which table it is, the import of the entity says.
  if (ts.isCallExpression(node)) {
    const name = ts.isPropertyAccessExpression(node.expression) ? node.expression.name.text : node.expression.getText();
    return TYPEORM_CALLS.has(name) ? node.getText() : null;
  }
  const text = literalOf(node);
  if (text === null || isPart(node)) return null;
  const { parent } = node;
  const namesTable = ts.isPropertyAssignment(parent) && TABLE_PROPERTIES.has(parent.name.getText());
  // As in a statement, so that the same search finds the table.
  if (namesTable && ts.isStringLiteral(node)) return `TABLE ${text}`;
  return isTagged(node) || isSent(node) || STATEMENT.test(text) ? text : null;
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
    const table = name.endsWith('.*') ? `"?${name.slice(0, -2)}"?\\.\\w+` : `(?:public\\.)?"?${name}"?(?![\\w.(])`;
    const after = '\\b(?:FROM|JOIN|INTO|UPDATE|USING|TABLE|ONLY|ANALYZE|VACUUM|COPY|TRUNCATE|REFERENCES)\\s+\\(?';
    // After a comma it is a table only with an alias behind it, or in a list that FROM begins: else it is a column.
    const inList = `\\b(?:FROM|ANALYZE)\\s+(?:[\\w".]+(?:\\s+[a-z]\\w*)?,\\s*)+${table}`;
    const place = `(?:${after}${table}|,\\s+${table}\\s+(?!FROM\\b|AS\\b)[a-z]|${inList}|'${table}'::regclass)`;
    return new RegExp(place, 'i').test(sql);
  });
}
