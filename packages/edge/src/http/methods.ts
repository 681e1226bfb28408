/**
 * Idempotent methods (RFC 9110, 9.2.2): such a request may be sent again when no byte of a response was received. A
 * request with a body may not: an instance that read it may have acted on it, and a repeated PUT could undo a later
 * one.
 */
export const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);
