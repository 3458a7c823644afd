import { Transform } from 'class-transformer';
import type { ValidationOptions } from 'class-validator';
import { ValidateBy } from './class-validator.js';
import { hasAtMostCharacters } from './field-types.js';

/** Validation rules for entities, beside those of class-validator. Messages go on after the attribute's name. */

/** Removes white space at both ends before the value is validated and stored. */
export const Trimmed = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value));

/** At most `max` characters, as PostgreSQL counts them (code points, not UTF-16 units). */
export const AtMostCharacters = (max: number, options?: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    {
      name: 'atMostCharacters',
      constraints: [max],
      validator: {
        validate: (value: unknown) => hasAtMostCharacters(value, max),
        defaultMessage: () => `must have at most ${max} characters`,
      },
    },
    options,
  );

/** No control characters: they forge lines in mails and logs (Unicode category Cc). */
export const NoControlCharacters = (options?: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    {
      name: 'noControlCharacters',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && !/\p{Cc}/u.test(value),
        defaultMessage: () => 'must not contain control characters',
      },
    },
    options,
  );
