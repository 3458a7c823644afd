import { join } from 'node:path';

/** Below the project, so that packages are found from there; its layout is the project's own. */
export const COMPILED = join(import.meta.dirname, '../../.cache/programs');

/** Where the compiled form of a TypeScript file lies: `src/cli.ts` → `<project>/.cache/programs/src/cli.js`. */
export const compiledPath = (source: string): string => join(COMPILED, source.replace(/\.ts$/, '.js'));
