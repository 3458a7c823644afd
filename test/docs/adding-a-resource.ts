/** A block of code that begins with a comment that is a path, such as `// src/extension.ts`. */
const FILE = /```(?:ts|yaml|hbs)\n(?:\/\/|#|\{\{!--) ((?:[\w.-]+\/)*[\w.-]+\.\w+)(?: --\}\})?\n([\s\S]*?)\n```/g;

/** The files of the project that a page shows, by their paths. */
export const filesOf = (page: string): Map<string, string> =>
  new Map([...page.matchAll(FILE)].map(([, file = '', code = '']) => [file, code]));

/** The commands that a page shows, one list for each of its blocks. */
export const commandsOf = (page: string): string[][] =>
  [...page.matchAll(/```sh\n([\s\S]*?)\n```/g)].map(([, block = '']) => block.split('\n'));
