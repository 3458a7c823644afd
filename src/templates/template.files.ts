import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A template file. */
export interface TemplateFile {
  /** Its path, for errors. */
  readonly path: string;
  readonly source: string;
}

const EXTENSION = '.hbs';

/**
 * The templates of a folder and the folders in it, by their paths in it without `.hbs`, with slashes. Ignores hidden
 * files, and files that do not end in `.hbs`.
 */
export function readTemplates(root: string): Map<string, TemplateFile> {
  return new Map(
    listFiles(root).map((name) => {
      const path = join(root, name);
      // Partials end with a line break, whether or not the editor wrote one.
      return [name.slice(0, -EXTENSION.length), { path, source: `${readFileSync(path, 'utf8').trimEnd()}\n` }];
    }),
  );
}

/** Links are followed: that is how Kubernetes mounts files. */
function listFiles(folder: string, below = ''): string[] {
  return readdirSync(join(folder, below))
    .filter((name) => !name.startsWith('.'))
    .sort()
    .flatMap((name) => {
      const path = below === '' ? name : `${below}/${name}`;
      if (statSync(join(folder, path)).isDirectory()) return listFiles(folder, path);
      return name.endsWith(EXTENSION) ? [path] : [];
    });
}
