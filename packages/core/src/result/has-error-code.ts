/** Returns whether `error` is an error with this code, such as ENOENT of a file system. */
export const hasErrorCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;
