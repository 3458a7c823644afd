import type { INestApplication } from '@nestjs/common';
import { openApiDocument } from '../../docs/openapi-document.js';
import { schemaNames } from '../../json-api/openapi/openapi.js';
import type { Schema } from '../../json-api/resource/field-types.js';
import { ResourceRegistry } from '../../json-api/resource/registry.js';
import type { AnyResource } from '../../json-api/resource/resource.js';
import { bodySchema, literals, resultType, signature, tableLine, type Verb, verbOf, writeMeta } from './methods.js';
import { type ClientOperation, clientOperations, documentAttributes, successes } from './operations.js';
import {
  resourceDeclarations,
  resourceEntry,
  typeNames,
  wholeFilters,
  type WritableSchemas,
} from './resource-types.js';
import { camelCase, memberName, quote, SchemaTypes } from './schema-types.js';

/** One group of methods of the client. */
interface Group {
  readonly name: string;
  readonly resource?: AnyResource | undefined;
  readonly verbs: ReadonlyMap<Verb, ClientOperation>;
  readonly operations: readonly ClientOperation[];
}

/**
 * The source of the client: the types of resources out of the registry, the types of all other operations out of the
 * OpenAPI document, and both as the table that the client runs by.
 * @param module what it imports
 * @throws TypeError when two operations would have the same name
 */
export async function clientSource(app: INestApplication, module: string): Promise<string> {
  const registry = app.get(ResourceRegistry);
  const resources = registry.types().flatMap((type) => registry.resource(type) ?? []);
  const document = await openApiDocument(app);
  const schemas = (document.components?.schemas ?? {}) as Record<string, Schema>;
  const types = new SchemaTypes(schemas, knownTypes(resources));
  const groups = groupsOf(clientOperations(document, resources), resources, types);
  const writes = new Map(groups.map(({ resource, verbs }) => [resource, writableSchemas(verbs, types)]));
  const writesOf = (resource: AnyResource): WritableSchemas => writes.get(resource) ?? {};
  const interfaces = groups.map((group) => methodsInterface(group, types));
  const resourceTypes = resources.map((resource) => resourceDeclarations(resource, writesOf(resource), types));
  const parts = [
    `/** Every resource of the API, by type. */\nexport interface Resources {\n${resources.map((resource) => resourceEntry(resource, writesOf(resource))).join('')}}\n`,
    ...resourceTypes,
    ...interfaces,
    `/** The methods of the API. */\nexport interface Iam {\n${groups.map(({ name }) => `  readonly ${name}: ${interfaceName(name)};\n`).join('')}}\n`,
    errorTypes(schemas['Errors']),
    ...types.declarations(),
    `/** What the client runs by. */\nexport const API: ApiTable = {\n${groups.map((group) => tableEntry(group, types)).join('')}};\n`,
    `/** A client of the service: \`createClient({ url: 'https://accounts.example.com', session })\`. */\n` +
      `export const createClient = (options: ClientOptions): Iam => clientOf<Iam>(API, options);\n`,
  ];
  const body = parts.join('\n');
  return `${header(module, body)}\n${body}`;
}

/** What the client may import, in the order of the names. */
const IMPORTS = (
  'ApiTable CallOptions ClientOptions clientOf Creates Deletes Gets Lists OneOrMore Resource ResourceMeta ShownOnce Time ' +
  'TimeInput Updates'
).split(' ');

/** The first lines, with the imports that the others need. */
function header(module: string, body: string): string {
  const used = IMPORTS.filter((name) => new RegExp(`\\b${name}\\b`).test(body)).map((name) =>
    // The one value among them.
    name === 'clientOf' ? name : `type ${name}`,
  );
  return `// Written by \`npx iam client\`. Do not edit.\nimport {\n${used.map((name) => `  ${name},\n`).join('')}} from ${quote(module)};\n`;
}

/** Schemas of resources and their documents, which are types of the client. */
const knownTypes = (resources: readonly AnyResource[]): Map<string, string> =>
  new Map(
    resources.flatMap((resource): [string, string][] => {
      const { resource: type } = typeNames(resource);
      const names = schemaNames(resource);
      return [
        [names.resource, type],
        [names.document, type],
        [names.collection, `readonly ${type}[]`],
      ];
    }),
  );

function groupsOf(
  operations: readonly ClientOperation[],
  resources: readonly AnyResource[],
  types: SchemaTypes,
): Group[] {
  const names = [...new Set(operations.map(({ group }) => group))].toSorted();
  return names.map((name) => {
    const all = operations.filter(({ group }) => group === name);
    const verbs = new Map(all.flatMap((one) => [[verbOf(one, types), one] as const]));
    const own = all.filter((one) => verbOf(one, types) === undefined);
    verbs.delete(undefined);
    const resource = resources.find(({ path }) => camelCase(path) === name);
    return { name, resource, verbs: verbs as Map<Verb, ClientOperation>, operations: own };
  });
}

function writableSchemas(verbs: Group['verbs'], types: SchemaTypes): WritableSchemas {
  const attributesOf = (verb: Verb): Schema | undefined => {
    const operation = verbs.get(verb)?.operation;
    return operation && documentAttributes(bodySchema(operation), (schema) => types.resolved(schema));
  };
  return { create: attributesOf('create'), update: attributesOf('update') };
}

const interfaceName = (group: string): string => `${group.charAt(0).toUpperCase()}${group.slice(1)}Methods`;

/** The interfaces of the verbs, by verb; each adds its methods. */
const PARENTS: Readonly<Record<Verb, string>> = {
  list: 'Lists',
  get: 'Gets',
  create: 'Creates',
  update: 'Updates',
  delete: 'Deletes',
};

function methodsInterface({ name, resource, verbs, operations }: Group, types: SchemaTypes): string {
  const parents = [...verbs].map(([verb, operation]) => {
    if (verb === 'delete') {
      const result = resultType(successes(operation.operation), types);
      return result === 'void' ? PARENTS.delete : `${PARENTS.delete}<${result}>`;
    }
    const meta = verb === 'create' || verb === 'update' ? writeMeta(operation, types) : undefined;
    const more = meta === undefined ? '' : `, ResourceMeta & ${meta}`;
    return `${PARENTS[verb]}<Resources, ${quote(resource?.type ?? '')}${more}>`;
  });
  const heritage = parents.length > 0 ? ` extends ${parents.join(', ')}` : '';
  const methods = operations.map((operation) => signature(operation, types)).join('');
  return `/** \`iam.${name}\` */\nexport interface ${interfaceName(name)}${heritage} {\n${methods}}\n`;
}

function tableEntry({ name, resource, verbs, operations }: Group, types: SchemaTypes): string {
  const whole = resource && verbs.has('list') ? wholeFilters(resource) : [];
  const list = (values: Iterable<string>): string => `[${[...values].map(quote).join(', ')}]`;
  const lines = [
    ...(resource && verbs.size > 0 ? [`type: ${quote(resource.type)}`, `verbs: ${list(verbs.keys())}`] : []),
    ...(whole.length > 0 ? [`whole: ${list(whole)}`] : []),
    ...(operations.length > 0
      ? [
          `operations: {\n${operations.map((one) => `      ${memberName(one.name)}: ${quote(tableLine(one, types))},\n`).join('')}    }`,
        ]
      : []),
  ];
  return `  ${name}: {\n${lines.map((line) => `    ${line},\n`).join('')}  },\n`;
}

/** The union of error codes, and of the rules that are known; an extension may have rules of its own. */
function errorTypes(schema: Schema | undefined): string {
  const at = (value: unknown, ...keys: string[]): unknown =>
    keys.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
  const error = at(schema, 'properties', 'errors', 'items', 'properties');
  const codes = at(error, 'code', 'enum') as string[];
  const rules = at(error, 'meta', 'properties', 'rule', 'examples') as string[];
  return (
    `/** \`code\` of an error. */\nexport type ErrorCode = ${literals(codes)};\n\n` +
    `/** \`meta.rule\` of a \`validation_failed\` error. */\nexport type Rule = ${literals(rules)} | (string & Record<never, never>);\n`
  );
}
