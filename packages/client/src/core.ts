/** The base of generated clients, and the exports of every client. */
export { clientOf, type ApiTable, type MethodTable, type Verb } from './client.js';
export * from './errors.js';
export type { Creates, Deletes, Gets, Lists, Typed, Updates } from './methods.js';
export { Page, type PageLinks } from './page.js';
export type { Session, Tokens } from './session.js';
export type { ClientOptions } from './transport.js';
export type * from './types.js';
