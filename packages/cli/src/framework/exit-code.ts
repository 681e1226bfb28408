/** The exit codes of `anchor`, stable: scripts may rely on them. */
export const EXIT_CODES = {
  ok: [0, 'Success.'],
  failed: [1, 'Failed: a build, a network error, an error of the platform.'],
  usage: [2, 'The command line or its input is not valid.'],
  auth: [3, 'No valid token, or the token does not allow it.'],
  notFound: [4, 'Not found.'],
  conflict: [5, 'Conflict: it exists already, has changed, or is not ready.'],
} as const;

const BY_CODE: Readonly<Record<string, keyof typeof EXIT_CODES>> = {
  usage: 'usage',
  invalid_input: 'usage',
  malformed_body: 'usage',
  too_large: 'usage',
  source_refused: 'usage',
  unauthenticated: 'auth',
  bad_signature: 'auth',
  forbidden: 'auth',
  not_found: 'notFound',
  already_exists: 'conflict',
  conflict: 'conflict',
  not_ready: 'conflict',
};

/** Returns the exit code for a problem's code. */
export const exitCodeOf = (code: string): number => EXIT_CODES[BY_CODE[code] ?? 'failed'][0];
