/**
 * kitsu's `main` is a CommonJS file in a package that says it is ESM. Node forgives that, jest's loader does not: the
 * tests import the ES module beside it, which has no types of its own.
 */
declare module 'kitsu/dist/index.mjs' {
  export { default } from 'kitsu';
}
