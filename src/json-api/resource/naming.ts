/** `createdAt` → `created_at`: the one spelling of a property's name in the database and on the wire. */
export const snakeCase = (property: string): string =>
  property.replace(/[A-Z]/g, (letter, at: number) => (at > 0 ? '_' : '') + letter.toLowerCase());
