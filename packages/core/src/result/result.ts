/** A value or an error, never thrown. Every use case and every port that can refuse returns one. */
export type Result<T, E = AnchorError> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E };

export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });
export const err = <E>(error: E): { readonly ok: false; readonly error: E } => ({ ok: false, error });

/**
 * The text that a user reads when something is refused or fails: what happened (`message`), why (`cause`), and what to
 * do about it (`fix`). `code` is stable and is what programs match on.
 */
export type AnchorError = Readonly<{
  code: ErrorCode;
  message: string;
  cause?: string;
  fix: string;
}>;

/** Every error code of the product. The server maps each to one HTTP status, the CLI each to an exit code. */
export const ERROR_CODES = [
  'invalid_input',
  'malformed_body',
  'too_large',
  'unauthenticated',
  'bad_signature',
  'forbidden',
  'not_found',
  'already_exists',
  'conflict',
  'not_ready',
  'rate_limited',
  'disk_full',
  'sandbox_unavailable',
  'source_refused',
  'source_unreachable',
  'detect_failed',
  'install_failed',
  'build_failed',
  'build_timeout',
  'build_out_of_memory',
  'build_out_of_disk',
  'build_too_many_processes',
  'output_missing',
  'output_refused',
  'artifact_invalid',
  'function_start_failed',
  'function_timeout',
  'verification_failed',
  'canceled',
  'superseded',
  'unsupported',
  'internal',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export const anchorError = (code: ErrorCode, message: string, fix: string, cause?: string): AnchorError =>
  cause === undefined ? { code, message, fix } : { code, message, fix, cause };

/** Returns `err(anchorError(…))`. */
export const fail = (
  code: ErrorCode,
  message: string,
  fix: string,
  cause?: string,
): { readonly ok: false; readonly error: AnchorError } => err(anchorError(code, message, fix, cause));
