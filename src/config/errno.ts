/** True for an error of the operating system of one of these codes, such as `ENOENT`. */
export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  // No instanceof: errors of Node's own modules belong to another realm when the tests run.
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' && codes.includes(code);
}
