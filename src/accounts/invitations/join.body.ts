import { isObject } from '../../json-api/resource/field-types.js';
import { readBody } from '../../json-api/write/body.js';
import { ErrorList, throwIfErrors, apiError, type ErrorObject } from '../../json-api/document/errors.js';
import { brokenRule } from '../../json-api/document/rules.js';
import { parseDocument } from '../../json-api/write/write-document.js';
import { AccountResource } from '../account.resource.js';

/** The body of a join request. */
export interface JoinBody {
  readonly password: unknown;
  readonly name?: string;
  /** JSON pointer of the values in the body: '' for a flat body, `/data/attributes` for a document. */
  readonly base: string;
  /** What is wrong with the name, and members of a flat body that are not known. */
  readonly errors: readonly ErrorObject[];
}

/** The attributes of a flat body or of a JSON:API document. */
function attributesOf(body: unknown): { attributes: Record<string, unknown>; base: string } {
  if (body === undefined || body === null) return { attributes: {}, base: '' };
  if (!isObject(body)) throw apiError('malformed_body', 'The body must be an object', { pointer: '' });
  if (!('data' in body)) return { attributes: body, base: '' };
  const errors = new ErrorList();
  const document = parseDocument(body, { type: true, attributes: false }, errors);
  throwIfErrors(errors);
  if (!document) throw apiError('malformed_body', 'The body is not a JSON:API document', { pointer: '/data' });
  return { attributes: document.attributes, base: '/data/attributes' };
}

/** Whether a client asks for the account by `Prefer` (RFC 7240). */
export const wantsRepresentation = (prefer = ''): boolean => /(^|[,\s])return=representation\b/i.test(prefer);

/** The error of an attribute, at its member of the body. */
export function atMember(error: ErrorObject, base: JoinBody['base']): ErrorObject {
  const { source } = error;
  if (!source || !('pointer' in source)) return error;
  return { ...error, source: { pointer: base + source.pointer.slice(source.pointer.lastIndexOf('/')) } };
}

const MEMBERS = new Set(['password', 'name']);

const unknownMembers = (body: object): ErrorObject[] =>
  Object.keys(body)
    .filter((name) => !MEMBERS.has(name))
    .map((name) => brokenRule('unknown_attribute', { name, source: { pointer: `/${name}` } }));

/** Reads the body of a join. The name follows the rules of every other write. @throws ApiError 400 */
export function readJoinBody(body: unknown): JoinBody {
  const { attributes, base } = attributesOf(body);
  const { password, name } = attributes;
  const { values, errors } = readBody(AccountResource, 'update', name === undefined ? {} : { name });
  const all = new ErrorList();
  for (const error of errors) all.push(atMember(error, base));
  // A document may be the whole account as it was read; what stands in a flat body was written for this.
  if (base === '') all.fill(() => unknownMembers(attributes).forEach((error) => all.push(error)));
  return {
    password,
    base,
    ...(typeof values['name'] === 'string' && { name: values['name'] }),
    errors: [...all],
  };
}
