import type { INestApplication } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Config } from '../config/config.js';
import { MEDIA_TYPE } from '../json-api/document/document.js';
import { loadSwagger } from '../json-api/openapi/decorators.js';
import { ERROR_SCHEMAS, resourceSchemas, schemaNames } from '../json-api/openapi/openapi.js';
import { extendedParameters, fieldsSchema, operationId } from '../json-api/openapi/parameters.js';
import { ResourceRegistry } from '../json-api/resource/registry.js';
import { PASSWORD_SCHEMA } from '../passwords/passwords.dto.js';
import { PASSKEY_OPTIONS_SCHEMA } from '../passkeys/options-document.js';
import { ROLE_SCHEMAS } from '../roles/role-document.js';
import { AUTH_SCHEMA } from '../sign-in/sign-in.dto.js';

/** Schemas that are neither resources nor classes. */
const PLAIN_SCHEMAS = {
  AccountAuthDocument: AUTH_SCHEMA,
  PasskeyOptions: PASSKEY_OPTIONS_SCHEMA,
  ...ROLE_SCHEMAS,
  Join: {
    type: 'object',
    properties: { password: PASSWORD_SCHEMA, name: { type: 'string', minLength: 1, maxLength: 200 } },
  },
  Health: {
    type: 'object',
    properties: { status: { const: 'ok' }, degraded: { type: 'array', items: { type: 'string' } } },
    required: ['status'],
  },
  KeySet: {
    type: 'object',
    properties: {
      keys: {
        type: 'array',
        minItems: 1,
        items: {
          type: 'object',
          properties: { kty: { type: 'string' }, kid: { type: 'string' }, alg: { type: 'string' } },
          required: ['kty', 'kid', 'alg'],
        },
      },
    },
    required: ['keys'],
  },
  AccountExport: {
    type: 'object',
    properties: { account_id: { type: 'string' }, exported_at: { type: 'string', format: 'date-time' } },
    required: ['account_id', 'exported_at'],
    additionalProperties: { type: 'array', items: { type: 'object', additionalProperties: true } },
  },
  Invitation: {
    type: 'object',
    properties: {
      data: {
        type: 'object',
        properties: {
          email: { type: 'string' },
          name: { type: 'string' },
          invited_by: { type: ['string', 'null'], description: 'Name of the account that invites' },
          expires_at: { type: 'string', format: 'date-time' },
        },
        required: ['email', 'name', 'invited_by', 'expires_at'],
      },
    },
    required: ['data'],
  },
  TokenValid: {
    type: 'object',
    properties: {
      data: { type: 'object', properties: { valid: { type: 'boolean' } }, required: ['valid'] },
    },
    required: ['data'],
  },
  PasswordPolicy: {
    type: 'object',
    properties: {
      data: {
        type: 'object',
        properties: {
          rules: {
            type: 'array',
            items: {
              type: 'object',
              properties: {
                rule: { type: 'string', description: 'What `meta.rule` of an error names', example: 'too_short' },
                minimum: { type: 'integer' },
                maximum: { type: 'integer' },
                text: { type: 'string', description: 'For people, in the language of the request' },
              },
              required: ['rule', 'text'],
            },
          },
        },
        required: ['rules'],
      },
    },
    required: ['data'],
  },
};

const EXAMPLES: Readonly<Record<string, unknown>> = {
  AccountCreate: {
    data: { type: 'iam:accounts', attributes: { name: 'Jane Doe', email: 'jane@example.com', role_name: 'user' } },
  },
  AccountUpdate: { data: { type: 'iam:accounts', attributes: { name: 'Jane Roe' } } },
  OrganizationCreate: { data: { type: 'iam:organizations', attributes: { name: 'Acme' } } },
  OrganizationUpdate: { data: { type: 'iam:organizations', attributes: { name: 'Acme Ltd' } } },
  Join: { password: 'Correct-horse-7', name: 'Jane Doe' },
};

/** Tags of the operations, with the descriptions of the API reference where it has any. */
const TAGS: Readonly<Record<string, string>> = {
  Authentication: 'Sign in, stay signed in, sign out, and verify access tokens elsewhere.',
  Accounts:
    'Manage user accounts within the system, including creation, updating, retrieval, deletion, and handling of invitations.',
  'Account Passwords':
    'Manage account passwords, including requesting password resets, resetting passwords using tokens, and changing passwords for authenticated users.',
  'Account Passkeys': 'Add, rename and remove the passkeys of the own account.',
  'Account Sessions':
    'Manage account sessions for user authentication, including listing active sessions and deleting sessions.',
  Organizations: 'Manage organizations within the system, including creation, updating, retrieval, and deletion.',
  Roles: 'Read the roles, and which of them you may assign.',
  Jobs: 'Read the progress of work that takes longer than a request.',
  'Audit Events': 'Read who did what, to which resource, when and from where.',
  Health: 'Liveness and readiness of the process.',
};

/** The OpenAPI 3.1 document of the service, from the decorators and the resource definitions. */
export async function openApiDocument(app: INestApplication): Promise<OpenAPIObject> {
  const { DocumentBuilder, SwaggerModule } = await loadSwagger();
  const settings = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Iam API')
    .setDescription('User, role, team management service. Documents follow JSON:API 1.1; see docs/json-api.md.')
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'bearer')
    .addCookieAuth('auth-token', { type: 'apiKey', in: 'cookie' }, 'cookie')
    .addSecurityRequirements('bearer')
    .addSecurityRequirements('cookie')
    .addServer(app.get(Config).publicPath || '/');
  for (const [name, description] of Object.entries(TAGS)) settings.addTag(name, description);
  const document = SwaggerModule.createDocument(app, settings.build());
  const registry = app.get(ResourceRegistry);
  const resources = registry.types().flatMap((type) => registry.resource(type) ?? []);
  const schemas: Record<string, object> = Object.assign(
    {},
    ...resources.map((resource) => resourceSchemas(resource, registry.resource)),
    ERROR_SCHEMAS,
    PLAIN_SCHEMAS,
  );
  const served = new Set(operationsOf(document).map((operation) => operation.operationId));
  // What is changed with a document may be created in another way.
  for (const resource of resources.filter((one) => !served.has(operationId(one, 'create')))) {
    delete schemas[schemaNames(resource).create];
  }
  for (const [name, example] of Object.entries(EXAMPLES)) schemas[name] = { ...schemas[name], examples: [example] };
  const documents = new Set(
    resources.flatMap((resource) => [schemaNames(resource).create, schemaNames(resource).update]),
  );
  const extended = extendedParameters(resources);
  for (const operation of operationsOf(document)) {
    nameExtended(operation, extended);
    offerBothMediaTypes(operation, documents);
    promisePlainJson(operation);
    suggestShortPages(operation);
    nameFields(operation, registry);
  }
  return {
    ...document,
    components: { ...document.components, schemas: { ...document.components?.schemas, ...schemas } },
  };
}

type Operation = NonNullable<OpenAPIObject['paths'][string]['post']>;

const METHODS = ['get', 'post', 'patch', 'delete'] as const;

const operationsOf = (document: OpenAPIObject): Operation[] =>
  Object.values(document.paths).flatMap((path) => METHODS.flatMap((method) => path[method] ?? []));

/** Bodies may be sent as `application/json`; those that are documents as JSON:API's media type too. */
function offerBothMediaTypes({ requestBody }: Operation, documents: ReadonlySet<string>): void {
  if (!requestBody || '$ref' in requestBody) return;
  const json = requestBody.content['application/json'];
  const schema = json?.schema;
  const name = schema && '$ref' in schema ? (schema.$ref.split('/').at(-1) ?? '') : '';
  if (json && documents.has(name)) requestBody.content = { [MEDIA_TYPE]: json, 'application/json': json };
}

/** Documents are sent as `application/json` where `Accept` admits only that. */
function promisePlainJson({ responses }: Operation): void {
  for (const response of Object.values(responses)) {
    const content = response && 'content' in response ? response.content : undefined;
    const document = content?.[MEDIA_TYPE];
    if (content && document) content['application/json'] = document;
  }
}

/**
 * The example of `page[size]` in Swagger UI, which takes seconds to show the default of a thousand rows. Set here,
 * because Nest's decorator drops an example, and Swagger UI prefers the default to the examples of a schema.
 */
function suggestShortPages({ parameters = [] }: Operation): void {
  for (const parameter of parameters) {
    if ('name' in parameter && parameter.name === 'page[size]') parameter.example = 20;
  }
}

/** Of the operations of a resource that extensions add to, the query parameters are those of both. */
function nameExtended(operation: Operation, extended: ReturnType<typeof extendedParameters>): void {
  const parameters = extended.get(operation.operationId ?? '');
  if (!parameters) return;
  const others = (operation.parameters ?? []).filter((one) => !('in' in one) || one.in !== 'query');
  operation.parameters = [...others, ...parameters];
}

/** Names the fields of each type; a controller's decorators know its own resource only. */
function nameFields({ parameters = [] }: Operation, registry: ResourceRegistry): void {
  for (const parameter of parameters) {
    if (!('name' in parameter)) continue;
    const resource = registry.resource(/^fields\[(.+)\]$/.exec(parameter.name)?.[1] ?? '');
    if (resource) parameter.schema = fieldsSchema(resource);
  }
}
