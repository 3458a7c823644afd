import { applyDecorators, HttpCode, SetMetadata } from '@nestjs/common';
import {
  ApiBody,
  ApiHeader,
  ApiNoContentResponse,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
} from '../openapi/decorators.js';
import { MEDIA_TYPE } from '../document/document.js';
import { ERROR_CODES } from '../document/errors.js';
import type { Schema } from '../resource/field-types.js';
import { schemaNames, schemaRef } from '../openapi/openapi.js';
import {
  indexParameters,
  operationId,
  queryDecorators,
  selectionParameters,
  showParameters,
} from '../openapi/parameters.js';
import type { AnyResource } from '../resource/resource.js';
import {
  ACTION_OF,
  RESPONDS_WITH,
  NOT_JSON_API,
  PLAIN_PARAMETERS,
  RESOURCE_ROUTE,
  type ResourceRoute,
  UNPREFIXED,
  type Verb,
} from './route.js';

/** The decorators of a controller's handlers: what a route serves, and its OpenAPI, from the same resource definition. */

const document = (schema: string): Record<string, { schema: Schema }> => ({
  [MEDIA_TYPE]: { schema: schemaRef(schema) },
});

/** Every route negotiates its media type. */
const NOT_ACCEPTABLE = 406;

/** Documents the error responses of a route. */
export function ApiErrors(...statuses: readonly number[]): MethodDecorator {
  return applyDecorators(
    ...[...new Set([...statuses, NOT_ACCEPTABLE])].map((status) => {
      const codes = Object.entries(ERROR_CODES).filter(([, code]) => code.status === status);
      const description = `${codes[0]?.[1].title ?? 'Error'}: ${codes.map(([code]) => `\`${code}\``).join(', ')}`;
      return ApiResponse({ status, description, content: document('Errors') });
    }),
  );
}

const DESCRIPTIONS: Readonly<Record<Verb, (type: string) => string>> = {
  index: (type) => `Return a paginated list of ${type}`,
  show: (type) => `Show a specific ${type}`,
  create: (type) => `Create a new ${type}`,
  update: (type) => `Update a ${type}`,
  delete: (type) => `Delete the ${type}`,
};

const etag = { ETag: { description: 'Version and representation of the row', schema: { type: 'string' } } };

const header = (name: string, description: string): MethodDecorator =>
  ApiHeader({ name, required: false, description });

const PARTS: Readonly<Record<Verb, (resource: AnyResource) => MethodDecorator[]>> = {
  index: (resource) => [
    ...queryDecorators(indexParameters(resource)),
    ApiResponse({
      status: 200,
      description: 'Successful response',
      content: document(schemaNames(resource).collection),
    }),
    ApiErrors(400, 401, 403, 429, 503),
  ],
  show: (resource) => [
    ApiParam({ name: 'resource_id', schema: { type: 'string' } }),
    ...queryDecorators(showParameters(resource)),
    header('If-None-Match', 'Responds 304 while this entity tag is current'),
    ApiResponse({
      status: 200,
      description: 'Successful response',
      headers: etag,
      content: document(schemaNames(resource).document),
    }),
    ApiResponse({ status: 304, description: 'Not modified' }),
    ApiErrors(400, 401, 403, 404, 429, 503),
  ],
  create: (resource) => [
    HttpCode(200),
    ...queryDecorators(selectionParameters(resource)),
    header('Idempotency-Key', 'The same key within 24 hours creates once'),
    ApiBody({ required: true, ...bodyContent(schemaNames(resource).create) }),
    ApiResponse({
      status: 200,
      description: 'Successful response',
      headers: { ...etag, Location: { description: 'Address of the new resource', schema: { type: 'string' } } },
      content: document(schemaNames(resource).document),
    }),
    ApiErrors(400, 401, 403, 409, 413, 415, 422, 429, 503),
  ],
  update: (resource) => [
    ApiParam({ name: 'resource_id', schema: { type: 'string' } }),
    ...queryDecorators(selectionParameters(resource)),
    header('If-Match', 'Rejects the write with 412 unless the row still has this version'),
    ApiBody({ required: true, ...bodyContent(schemaNames(resource).update) }),
    ApiResponse({
      status: 200,
      description: 'Successful response',
      headers: etag,
      content: document(schemaNames(resource).document),
    }),
    ApiErrors(400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 503),
  ],
  delete: () => [
    HttpCode(204),
    ApiParam({ name: 'resource_id', schema: { type: 'string' } }),
    header('If-Match', 'Rejects the deletion with 412 unless the row still has this version'),
    ApiNoContentResponse({ description: 'No content' }),
    ApiErrors(400, 401, 403, 404, 409, 412, 429, 503),
  ],
};

/** A body that may be sent under either media type. Its schema is a component; swagger reads `content` as it is. */
function bodyContent(schema: string): { schema: Schema & { $ref: string } } {
  return { schema: { $ref: `#/components/schemas/${schema}` } };
}

const resourceRoute = (resource: AnyResource, verb: Verb): MethodDecorator =>
  applyDecorators(
    SetMetadata(RESOURCE_ROUTE, { resource, verb, action: ACTION_OF[verb] } satisfies ResourceRoute),
    ApiOperation({
      operationId: operationId(resource, verb),
      summary: verb,
      description: DESCRIPTIONS[verb](resource.type),
    }),
    ...PARTS[verb](resource),
  );

/** A page of the collection: `index(actor, criteria)`. */
export const JsonApiIndex = (resource: AnyResource): MethodDecorator => resourceRoute(resource, 'index');
/** One resource: `show(actor, id, selection)`. */
export const JsonApiShow = (resource: AnyResource): MethodDecorator => resourceRoute(resource, 'show');
/** A new resource: `create(actor, document)`. Responds 200, as the contract says. */
export const JsonApiCreate = (resource: AnyResource): MethodDecorator => resourceRoute(resource, 'create');
/** A change: `update(actor, id, document)`. */
export const JsonApiUpdate = (resource: AnyResource): MethodDecorator => resourceRoute(resource, 'update');
/** A deletion: `delete(actor, id, ifMatch)`. */
export const JsonApiDelete = (resource: AnyResource): MethodDecorator => resourceRoute(resource, 'delete');

/** The query parameters of any other route; all others are rejected with 400. */
export const PlainParameters = (...names: readonly string[]): MethodDecorator => SetMetadata(PLAIN_PARAMETERS, names);

/** A route of a write that has to be confirmed where it has consequences; `@Confirmed()` says whether it is. */
export const TakesConfirmation = (): MethodDecorator =>
  applyDecorators(
    PlainParameters('confirm'),
    ApiQuery({
      name: 'confirm',
      required: false,
      schema: { type: 'boolean' },
      description: 'Whether a write that responds 409 `confirmation_required` is to be done all the same',
    }),
  );

/** A controller of HTML pages: JSON:API does not apply, and its query parameters are not checked. */
export const NotJsonApi = (): ClassDecorator => SetMetadata(NOT_JSON_API, true);

/** A controller whose paths are outside of the prefix of the operations. */
export const Unprefixed = (): ClassDecorator => SetMetadata(UNPREFIXED, true);

/** Another route that returns one resource, or nothing. */
export const RespondsWith = (resource: AnyResource): MethodDecorator =>
  applyDecorators(
    SetMetadata(RESPONDS_WITH, true),
    ApiResponse({ status: 200, description: 'Successful response', content: document(schemaNames(resource).document) }),
  );

/** A route that may start a job, and then responds 202 with it; see `JsonApiGuard`. */
export const RespondsWithJob = (job: AnyResource): MethodDecorator =>
  ApiResponse({
    status: 202,
    description: 'Accepted: a job does it',
    headers: { Location: { description: 'Address of the job', schema: { type: 'string' } } },
    content: document(schemaNames(job).document),
  });
