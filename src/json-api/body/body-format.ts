import { SetMetadata } from '@nestjs/common';

/** A kind of body that a route takes. */
export interface BodyFormat {
  /** In lower case, without parameters. */
  readonly mediaTypes: readonly string[];
  /** Bytes of the largest body. */
  readonly maxBytes: number;
  /**
   * The value of a body; `undefined` where it is empty and that is no body.
   * @throws JsonApiException for what cannot be read
   */
  readonly parse: (bytes: Buffer, contentType: string) => unknown;
}

/** Metadata key of the formats that a handler takes in place of JSON. */
export const BODY_FORMATS = 'json-api:body-formats';

/** A route that takes bodies of these formats and no others, such as the form of a page; every other one takes JSON. */
export const TakesBody = (...formats: readonly BodyFormat[]): MethodDecorator => SetMetadata(BODY_FORMATS, formats);
