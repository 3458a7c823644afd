import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import { UNPREFIXED } from '../json-api/http/route.js';

/** A route of a controller. */
interface Route {
  readonly method: RequestMethod;
  /** Without slashes at both ends, and without the prefix. */
  readonly path: string;
  readonly isPrefixed: boolean;
  /** Class and method. */
  readonly handler: string;
}

const pathsOf = (target: object): string[] => [Reflect.getMetadata(PATH_METADATA, target) as string | string[]].flat();

const joined = (...parts: readonly string[]): string =>
  parts
    .flatMap((part) => part.split('/'))
    .filter((part) => part !== '')
    .join('/');

function* routesOf(controller: Type<unknown>): Generator<Route> {
  const prototype = controller.prototype as Record<string, object>;
  const isPrefixed = Reflect.getMetadata(UNPREFIXED, controller) !== true;
  for (const name of new MetadataScanner().getAllMethodNames(prototype)) {
    const handler = prototype[name] ?? {};
    const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
    if (method === undefined) continue;
    for (const base of pathsOf(controller)) {
      for (const path of pathsOf(handler)) {
        yield { method, path: joined(base, path), isPrefixed, handler: `${controller.name}.${name}` };
      }
    }
  }
}

/**
 * The paths outside of API_PREFIX, as Nest takes them.
 * @throws TypeError with a sentence for each route that two handlers serve
 */
export function unprefixedPaths(modules: ModulesContainer): { path: string; method: RequestMethod }[] {
  const controllers = new Set(
    [...modules.values()].flatMap((module) => [...module.controllers.values()].map(({ metatype }) => metatype)),
  );
  const routes = [...controllers].flatMap((one) => (typeof one === 'function' ? [...routesOf(one as Type)] : []));
  const known = new Map<string, Route>();
  const errors: string[] = [];
  for (const route of routes) {
    const address = `${RequestMethod[route.method]} /${route.path.replaceAll(/:\w+/g, ':')}`;
    const key = `${address} ${route.isPrefixed}`;
    const twin = known.get(key);
    const served = `${RequestMethod[route.method]} /${route.path} is served by ${twin?.handler} and by ${route.handler}`;
    if (twin) errors.push(`${served}; give one of them another path`);
    known.set(key, route);
  }
  if (errors.length > 0) throw new TypeError(errors.join('\n'));
  return routes
    .filter(({ isPrefixed }) => !isPrefixed)
    .map(({ path }) => ({ path: path === '' ? '/' : withNamedWildcard(path), method: RequestMethod.ALL }));
}

/** Fastify has routes with `*` at their end; what Nest compares them with needs a name, or it warns. */
const withNamedWildcard = (path: string): string => path.replace(/\/\*$/, '/*path');
