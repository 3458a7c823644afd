import type { Role } from '../auth/authorization/actor.js';
import { JSONAPI_SCHEMA } from '../json-api/document/document.js';

/** Documents of roles: type `iam:roles`. They come from the roles file, so no repository writes them. */

const TYPE = 'iam:roles';
const JSON_API = { version: '1.1' };

/** A role, and whether the actor may give it to accounts now. */
export interface VisibleRole {
  readonly role: Role;
  readonly assignable: boolean;
}

const links = (href: string) => ({ self: href });

const resourceObject = ({ role, assignable }: VisibleRole, collection: string) => ({
  type: TYPE,
  id: role.name,
  attributes: {
    title: role.title,
    description: role.description,
    rank: role.rank,
    assignable,
    rights: role.rights,
  },
  links: links(`${collection}/${role.name}`),
});

/** One role. @param collection URL path of the roles */
export const roleDocument = (role: VisibleRole, collection: string) => ({
  jsonapi: JSON_API,
  data: resourceObject(role, collection),
  links: links(`${collection}/${role.role.name}`),
});

/** All roles that an actor sees. @param collection URL path of the roles */
export const rolesDocument = (roles: readonly VisibleRole[], collection: string) => ({
  jsonapi: JSON_API,
  data: roles.map((role) => resourceObject(role, collection)),
  links: links(collection),
});

const LINKS = {
  type: 'object',
  properties: { self: { type: 'string', format: 'uri-reference' } },
  required: ['self'],
};

const documentSchema = (data: object) => ({
  type: 'object',
  properties: {
    jsonapi: JSONAPI_SCHEMA,
    data,
    links: LINKS,
  },
  required: ['jsonapi', 'data', 'links'],
  additionalProperties: false,
});

const RESOURCE = { $ref: '#/components/schemas/RoleResource' };

/** Schemas of the documents, for OpenAPI. */
export const ROLE_SCHEMAS = {
  RoleResource: {
    type: 'object',
    properties: {
      type: { const: TYPE },
      id: { type: 'string', description: 'Name of the role, as in `role_name` of accounts' },
      attributes: {
        type: 'object',
        properties: {
          title: { type: ['string', 'null'] },
          description: { type: ['string', 'null'] },
          rank: { type: 'integer', minimum: 0, description: 'No actor assigns a role above their own rank' },
          assignable: { type: 'boolean', description: 'Whether you may give accounts this role now' },
          rights: { type: 'array', items: { type: 'string' }, description: '`resource.action.scope`' },
        },
        required: ['title', 'description', 'rank', 'assignable', 'rights'],
        additionalProperties: false,
      },
      links: LINKS,
    },
    required: ['type', 'id', 'attributes', 'links'],
    additionalProperties: false,
  },
  RoleDocument: documentSchema(RESOURCE),
  RoleCollection: documentSchema({ type: 'array', items: RESOURCE }),
};
