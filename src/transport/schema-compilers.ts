import { createRequire, Module } from 'node:module';

/*
 * Fastify loads what compiles the JSON schemas of routes when a server is made, 130 files. The service has no such schema;
 * here they are loaded with the first one, that of a team's own route. Fastify's option for compilers would do the same,
 * but with it schemas of headers have to be in lower case. Must run before Fastify is loaded; so the command line begins
 * with this.
 */

const require = createRequire(createRequire(import.meta.url).resolve('fastify'));

type Build = (...given: unknown[]) => unknown;
type Selector = (...options: unknown[]) => Build;

for (const name of ['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler']) defer(require.resolve(name));

/** Puts in place of a library one that loads it when a compiler is built. */
function defer(file: string): void {
  let library: Selector | undefined;
  const load = (): Selector => {
    if (library) return library;
    delete require.cache[file];
    const loaded: Selector = require(file);
    return (library = loaded);
  };
  const select: Selector = (...options) => {
    let build: Build | undefined;
    return (...given) => (build ??= load()(...options))(...given);
  };
  const exports = new Proxy(select, { get: (_, name) => Reflect.get(load(), name) });
  require.cache[file] ??= Object.assign(new Module(file), { filename: file, loaded: true, exports });
}
