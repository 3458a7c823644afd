import { createRequire } from 'node:module';
import type * as ClassValidator from 'class-validator';
import type { ValidationError, ValidatorOptions } from 'class-validator';

/**
 * What the service uses of class-validator. The entry of the library loads all of it, and with it the phone numbers of the
 * world: 320 files, where these are 43 (docs/decisions/0057). A team takes it from the library; there is one list of rules.
 */

type Library = typeof ClassValidator;

const require = createRequire(import.meta.url);

/** The exports of a file of the library. */
const file = (path: string): Library => require(`class-validator/cjs/${path}.js`);

/** The exports of a folder of the library, each of which is in the file of that name. */
const folder = (path: string): Library =>
  new Proxy({} as Library, { get: (_none, name: keyof Library) => file(`${path}/${name}`)[name] });

export const { Allow, IsIn, IsNotEmpty, IsOptional, ValidateBy, ValidateIf } = folder('decorator/common');
export const { ArrayMinSize } = folder('decorator/array');
export const { Max, Min } = folder('decorator/number');
export const { IsEmail, IsUrl, Matches, MaxLength } = folder('decorator/string');
export const { IsBoolean, IsInt, IsObject, IsString } = folder('decorator/typechecker');
export const { getMetadataStorage } = file('metadata/MetadataStorage');

const { getFromContainer } = file('container');
const { Validator } = file('validation/Validator');

const validator = getFromContainer(Validator);

/** What is wrong with an object, by the rules of its class. */
export const validateSync: (object: object, options?: ValidatorOptions) => ValidationError[] =
  validator.validateSync.bind(validator);
