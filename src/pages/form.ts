import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { type BodyFormat, TakesBody } from '../json-api/http/http.js';
import { apiError } from '../json-api/document/errors.js';
import { LIMITS } from '../json-api/limits.js';

const FORM = 'application/x-www-form-urlencoded';

/** A transaction, and what an authenticator answered. */
export interface SentPasskey {
  readonly transaction: string;
  readonly response: unknown;
}

/** The fields of a submitted form. */
export class SentForm {
  private readonly fields: URLSearchParams;

  /** @param body as browsers encode it (URL standard, application/x-www-form-urlencoded); any text is accepted */
  constructor(body: string) {
    this.fields = new URLSearchParams(body);
  }

  /** The value of a field; empty when it is missing. */
  text(name: string): string {
    return this.fields.get(name) ?? '';
  }

  /** The values of those of the fields that were filled in, without blanks around them. */
  present<Name extends string>(...names: readonly Name[]): Partial<Record<Name, string>> {
    const sent = names.map((name) => [name, this.text(name).trim()] as const);
    return Object.fromEntries(sent.filter(([, value]) => value !== '')) as Partial<Record<Name, string>>;
  }

  /** What the script put into a form with a passkey, as the operations of the API take it; nothing where it put nothing. */
  passkey(): { readonly passkey?: SentPasskey } {
    const [transaction, response] = [this.text('transaction'), this.text('response')];
    return transaction === '' ? {} : { passkey: { transaction, response: parsed(response) } };
  }
}

/** Null for a text that is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const FORM_BODY: BodyFormat = {
  mediaTypes: [FORM],
  maxBytes: LIMITS.formBytes,
  parse: (bytes) => new SentForm(bytes.toString('utf8')),
};

/** A route that accepts form submissions only. Every other route rejects them. */
export const TakesForm = (): MethodDecorator => TakesBody(FORM_BODY);

/** Hidden fields of a form; values that are null are left out. */
export const hiddenOf = (values: Readonly<Record<string, string | null>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== null));

/** The submitted form. @throws ApiError `unsupported_media_type` when there was none */
export const Form = createParamDecorator((_: unknown, context: ExecutionContext): SentForm => {
  const { body } = context.switchToHttp().getRequest<FastifyRequest>();
  if (body instanceof SentForm) return body;
  throw apiError('unsupported_media_type', `Send ${FORM}`);
});
