import type { TestApp } from '../support/app.js';

/** A route as the HTTP server has it: with its parameters filled in. */
export interface Route {
  readonly method: string;
  /** Such as `/accounts/:id`. */
  readonly pattern: string;
}

const LINE = /^((?:[│ ] {3})*)[├└]── (\S+) \(([^)]+)\)$/;

/** Every route that the HTTP server has, whichever module registered it: the server lists them, so that none is forgotten. */
export function routesOf(app: TestApp): Route[] {
  const tree: string = app.nest.getHttpAdapter().getInstance().printRoutes({ commonPrefix: false });
  const parents: string[] = [];
  return tree
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const [, indent = '', segment = '', methods] = LINE.exec(line) ?? [];
      if (methods === undefined) throw new Error(`The tree of routes has a line of another form: ${line}`);
      const depth = indent.length / 4;
      const pattern = `${parents[depth - 1] ?? ''}${segment.replace(/:\w+(?:\|:\w+)*/, ':id')}`;
      parents.splice(depth, parents.length, pattern);
      return methods.split(', ').map((method) => ({ method, pattern }));
    });
}

/** The path of a route, with an id in place of its parameter. */
export const pathOf = ({ pattern }: Route, id: string): string => pattern.replace(':id', id).replace('*', 'x');
