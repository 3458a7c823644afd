/** The four things that a right can be about; index and show are both `read`. */
export type Action = 'create' | 'read' | 'update' | 'delete';

/** What the layer needs to know of whoever asks. The application's actor is one. */
export interface Caller {
  readonly id: string;
  /** The scopes in which the caller may do the action on resources of the type; empty means not at all. */
  scopes(type: string, action: Action): ReadonlySet<string>;
}
