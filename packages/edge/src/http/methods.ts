/** Methods of which doing it twice does what doing it once does (RFC 9110, 9.2.2): such a request may be sent again when nothing of an answer came. Not with a body: who has read it may have acted on it, and a PUT between two of others' would undo theirs. */
export const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);
