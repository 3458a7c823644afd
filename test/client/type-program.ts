import { join } from 'node:path';
import ts from 'typescript';
import type { FieldType } from '../../src/json-api/resource/field-types.js';
import type { AnyResource } from '../../src/json-api/resource/resource.js';
import { camelCase } from '../../src/cli/client/schema-types.js';

const ROOT = join(import.meta.dirname, '../..');

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  noEmit: true,
  types: [],
  allowImportingTsExtensions: true,
};

/** What TypeScript makes of source files that exist in memory only, beside the sources of the client. */
export interface Checked {
  /** `name:line: text` of each error. */
  readonly errors: string[];
  /** CPU time of checking them, without reading files, in milliseconds. */
  readonly milliseconds: number;
}

/** Checks sources by name; they import `./index.js` and what else is in packages/client/src. */
export function check(sources: Readonly<Record<string, string>>): Checked {
  const path = (name: string): string => join(ROOT, 'packages/client/src', name);
  const files = new Map(Object.entries(sources).map(([name, text]) => [path(name), text]));
  const host = ts.createCompilerHost(OPTIONS);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (file) => files.has(file) || fileExists(file);
  host.readFile = (file) => files.get(file) ?? readFile(file);
  host.getSourceFile = (file, options, ...rest) => {
    const text = files.get(file);
    return text === undefined ? getSourceFile(file, options, ...rest) : ts.createSourceFile(file, text, options);
  };
  const program = ts.createProgram([...files.keys()], OPTIONS, host);
  const started = process.cpuUsage();
  const diagnostics = [...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics()];
  for (const file of program.getSourceFiles()) {
    if (!file.isDeclarationFile)
      diagnostics.push(...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file));
  }
  const { user, system } = process.cpuUsage(started);
  const errors = diagnostics.map(({ file, start = 0, messageText }) => {
    const line = file ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
    return `${file?.fileName.split('/').at(-1)}:${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
  return { errors, milliseconds: (user + system) / 1000 };
}

/** A value of the right type, and one of another, by the name of the field type. */
const VALUES: Readonly<Record<string, readonly [right: string, wrong: string]>> = {
  string: [`'text'`, '1'],
  words: [`'text'`, '1'],
  uuid: [`'01a21042-e087-75aa-98cb-db376bc2d223'`, '1'],
  boolean: ['true', `'true'`],
  integer: ['1', `'1'`],
  numeric: [`'1.50'`, '1.5'],
  time: ['new Date()', '1'],
  date: [`'2026-01-31'`, 'new Date()'],
  json: ['{}', `'{}'`],
  list: [`'text'`, '1'],
};

function valuesOf({ name, schema }: FieldType): readonly [right: string, wrong: string] {
  const values: unknown = schema['enum'];
  if (Array.isArray(values)) return [`'${values[0]}'`, `'none such'`];
  return VALUES[name] ?? [`'text'`, '1'];
}

/** A program that uses a resource as its definition allows, and in each way that it does not. */
export function resourceProgram(resource: AnyResource, verbs: ReadonlySet<string>): string {
  const { type, path, attributes, filters, relationships } = resource;
  const methods = `iam.${camelCase(path)}`;
  const visible = [...attributes.values()].filter(({ hidden }) => !hidden);
  const lines: string[] = [];
  const good = (query: string): number => lines.push(`void ${methods}.list({ ${query} });`);
  const bad = (query: string): number => lines.push('// @ts-expect-error', `void ${methods}.list({ ${query} });`);
  for (const { name, type: fieldType, takes } of filters.values()) {
    const [right, wrong] = valuesOf(fieldType);
    good(`filter: { '${name}': ${right} }`);
    if (takes === 'list') good(`filter: { '${name}': [${right}, ${right}] }`);
    else bad(`filter: { '${name}': [${right}] }`);
    bad(`filter: { '${name}': ${wrong} }`);
    bad(`filter: { '${name}__nope': ${right} }`);
  }
  bad(`filter: { nope: 'text' }`);
  for (const { name, sortable } of visible) {
    if (sortable) good(`sort: ['${name}', '-${name}']`);
    else bad(`sort: '${name}'`);
    lines.push(
      `void ${methods}.list({ fields: { '${type}': ['${name}'] } }).then(({ data: [row] }) => row?.['${name}']);`,
    );
    const other = visible.find((one) => one.name !== name);
    if (other) {
      lines.push(
        '// @ts-expect-error',
        `void ${methods}.list({ fields: { '${type}': ['${name}'] } }).then(({ data: [row] }) => row?.['${other.name}']);`,
      );
    }
  }
  for (const { name } of [...attributes.values()].filter(({ hidden }) => hidden)) {
    bad(`sort: '${name}'`);
    bad(`fields: { '${type}': ['${name}'] }`);
  }
  for (const { name, link } of relationships.values()) {
    const related = link.cardinality === 'one' ? `row?.['${name}']?.id` : `row?.['${name}'][0]?.id`;
    lines.push(`void ${methods}.list({ include: ['${name}'] }).then(({ data: [row] }) => ${related});`);
    lines.push('// @ts-expect-error', `void ${methods}.list().then(({ data: [row] }) => row?.['${name}']);`);
  }
  bad(`include: ['nope']`);
  bad(`fields: { 'iam:nope': ['name'] }`);
  bad('nope: 1');
  for (const [verb, before] of [
    ['create', ''],
    ['update', `'id', `],
  ] as const) {
    if (verbs.has(verb)) lines.push(...writes(resource, methods, verb, before));
    else lines.push('// @ts-expect-error', `void ${methods}.${verb};`);
  }
  if (!verbs.has('delete')) lines.push('// @ts-expect-error', `void ${methods}.delete;`);
  return `import { createClient } from './index.js';\nconst iam = createClient({ url: '' });\n${lines.join('\n')}\nexport {};\n`;
}

/** Each attribute, in a write that may have it, or not. */
function writes({ attributes }: AnyResource, methods: string, verb: 'create' | 'update', before: string): string[] {
  const all = [...attributes.values()].filter(({ hidden }) => !hidden);
  const isWritable = ({ write }: { write?: string }): boolean =>
    write === 'always' || (verb === 'create' && write === 'create');
  const required = all.filter((attribute) => verb === 'create' && attribute.required);
  const value = ({ type }: (typeof all)[number], at: 0 | 1): string => {
    const one = valuesOf(type)[at] ?? '';
    return type.name === 'list' ? `[${one}]` : one;
  };
  return all.flatMap((attribute) => {
    const others = required
      .filter(({ name }) => name !== attribute.name)
      .map((one) => `'${one.name}': ${value(one, 0)}`);
    const call = (at: 0 | 1): string =>
      `void ${methods}.${verb}(${before}{ ${[...others, `'${attribute.name}': ${value(attribute, at)}`].join(', ')} });`;
    if (!isWritable(attribute)) return ['// @ts-expect-error', call(0)];
    return [
      call(0),
      '// @ts-expect-error',
      call(1),
      ...(attribute.required && verb === 'create'
        ? ['// @ts-expect-error', `void ${methods}.create({ ${others.join(', ')} });`]
        : []),
    ];
  });
}
