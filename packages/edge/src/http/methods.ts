/** Methods of which doing it twice does what doing it once does (RFC 9110, 9.2.2): such a request may be sent again when nothing of an answer came. */
export const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);
