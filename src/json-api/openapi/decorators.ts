import type * as Swagger from '@nestjs/swagger';

/**
 * The decorators of @nestjs/swagger. They wait for the first request for the OpenAPI document, since the
 * library is some 570 files, a sixth of a start, and few instances are ever asked (docs/decisions/0057). The service takes
 * them from here; a team takes them from the library.
 */

type Library = typeof Swagger;

const waiting: ((library: Library) => void)[] = [];
let loaded: Library | undefined;

/** Calls a function that describes a route: now, or as soon as the library is loaded, in the order of these calls. */
export function describeWith(describe: (library: Library) => void): void {
  if (loaded) describe(loaded);
  else waiting.push(describe);
}

/** Describes everything that has waited, and from now on at once. */
export function decorateWith(library: Library): Library {
  loaded = library;
  for (const describe of waiting.splice(0)) describe(library);
  return library;
}

/** @nestjs/swagger, after everything that is defined so far has been described. */
export const loadSwagger = async (): Promise<Library> => decorateWith(await import('@nestjs/swagger'));

/** A function of the library that makes a decorator. */
type Factory = (...options: readonly unknown[]) => (...subject: readonly unknown[]) => unknown;
type Factories = Pick<Library, Extract<keyof Library, `Api${string}`>>;

/** Each has the type of what it stands for. All are called in one way, which TypeScript cannot know of a union. */
const factories = new Proxy({} as Factories, {
  get:
    (_none, name: keyof Factories): Factory =>
    (...options) =>
    (...subject) =>
      describeWith((library) => void (library[name] as Factory)(...options)(...subject)),
});

export const { ApiBody, ApiConsumes, ApiExcludeController, ApiExcludeEndpoint, ApiHeader } = factories;
export const { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiProperty } = factories;
export const { ApiPropertyOptional, ApiQuery, ApiResponse, ApiTags } = factories;
