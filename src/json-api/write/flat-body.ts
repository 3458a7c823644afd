import type { Type } from '@nestjs/common';
import { getMetadataStorage, validateSync } from 'class-validator';
import { FaultList, refuse, throwFaults } from '../document/errors.js';
import { instanceOf } from './instance.js';
import { quoted } from '../limits.js';

/** The members that a class has rules for. class-validator's own whitelist lets `constructor` pass. */
const namesIn = (type: Type<object>): Set<string> =>
  new Set(
    getMetadataStorage()
      .getTargetValidationMetadatas(type, '', false, false)
      .map(({ propertyName }) => propertyName),
  );

/**
 * Reads a flat JSON object (no document) into its class, which class-validator checks; messages go on after the name.
 * @throws JsonApiException 400 when the body is no object; 422 with a fault for each broken rule and strange member
 */
export function readFlatBody<Body extends object>(type: Type<Body>, body: unknown): Body {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw refuse('malformed_body', 'The body must be a JSON object', { pointer: '' });
  }
  const known = namesIn(type);
  const faults = new FaultList();
  const fault = (name: string, detail: string): void =>
    faults.push({
      code: 'validation_failed',
      detail: `${quoted(name)} ${detail}`,
      source: { pointer: `/${name}` },
    });
  const readable: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body)) {
    if (!known.has(name)) fault(name, 'is not known here');
    // Half a character: class-validator's rule for e-mails throws on it, and no two encoders agree on its bytes.
    else if (typeof value === 'string' && !value.isWellFormed()) fault(name, 'must be well-formed text');
    else readable[name] = value;
  }
  const read = instanceOf(type, readable);
  const judged = new Set(Object.keys(body).filter((name) => !Object.hasOwn(readable, name)));
  for (const { property, constraints = {} } of validateSync(read).filter((one) => !judged.has(one.property))) {
    for (const message of Object.values(constraints)) {
      fault(property, message.startsWith(`${property} `) ? message.slice(property.length + 1) : message);
    }
  }
  throwFaults(faults);
  return read;
}
