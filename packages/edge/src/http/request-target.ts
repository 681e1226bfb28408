/**
 * A parsed request target. `path` and `query` are as sent (percent-encoded, query without "?"); `decoded` is the form
 * in which a manifest names files, undefined when the path can name none. `plain`: both forms are one string.
 */
export type Target = Readonly<{
  path: string;
  query: string;
  decoded: string | undefined;
  plain: boolean;
  authority?: string;
  /** Where the path repeats slashes: what it is with single ones, and the query. Then it names no file. */
  collapsed?: string;
}>;

export type TargetResult =
  | Readonly<{ kind: 'ok'; target: Target }>
  /** The path in its one normalized spelling; starts with a single "/", so it never names another host. */
  | Readonly<{ kind: 'redirect'; location: string }>
  | Readonly<{ kind: 'refused'; status: 400 | 414; reason: string }>;

const MAX_PATH = 8192;
/** Characters that RFC 3986 allows in a path, without "%", and the brackets that Next uses in file names. */
const PLAIN = /^[A-Za-z0-9\-._~/!$&'()*+,;=:@[\]]+$/;
const ENCODED = /^(?:[A-Za-z0-9\-._~/!$&'()*+,;=:@[\]|^{}"<>`]|%[0-9A-Fa-f]{2})+$/;
const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/i;

const refused = (reason: string, status: 400 | 414 = 400): TargetResult => ({ kind: 'refused', status, reason });

/** Parses the part between the method and the version of a request line. Never throws. */
export function parseTarget(raw: string): TargetResult {
  let rest = raw;
  let authority: string | undefined;
  if (!rest.startsWith('/')) {
    const absolute = ABSOLUTE.exec(rest);
    if (absolute === null) return refused('The request target must start with "/".');
    authority = absolute[1];
    rest = absolute[2] ?? '';
    if (!rest.startsWith('/')) rest = `/${rest}`;
  }
  const mark = rest.indexOf('?');
  const path = mark === -1 ? rest : rest.slice(0, mark);
  const query = mark === -1 ? '' : rest.slice(mark + 1);
  if (path.length > MAX_PATH) return refused('The path is longer than 8192 characters.', 414);
  if (query !== '' && !/^[\x21-\x7e]*$/.test(query))
    return refused('The query has characters that must be percent-encoded.');

  if (PLAIN.test(path)) {
    if (path.includes('/.') && hasDots(path)) return refused('The path has "." or ".." segments.');
    return path.includes('//') ? repeated(path, query, authority) : ok(path, query, path, true, authority);
  }
  if (!ENCODED.test(path))
    return refused('The path has characters that must be percent-encoded, or a broken percent-encoding.');
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return refused('The path is not valid UTF-8.');
  }
  if (hasControl(decoded)) return refused('The path has control characters.');
  if (decoded.includes('\\')) return refused('The path has a backslash.');
  if (hasDots(decoded)) return refused('The path has "." or ".." segments.');
  if (path.includes('//')) return repeated(path, query, authority);
  // An encoded slash is a character of a segment, not a border: it can be a dynamic route's parameter, never a file.
  const names = /%2f/i.test(path) ? undefined : decoded;
  return ok(path, query, names, false, authority);
}

const ok = (
  path: string,
  query: string,
  decoded: string | undefined,
  plain: boolean,
  authority: string | undefined,
): TargetResult => ({
  kind: 'ok',
  target: authority === undefined ? { path, query, decoded, plain } : { path, query, decoded, plain, authority },
});

/**
 * Handles repeated slashes. At the start of the path they could name another host to a later parser. Within a path they
 * may be part of an address that is passed to an app.
 */
function repeated(path: string, query: string, authority: string | undefined): TargetResult {
  const collapsed = collapse(path) + (query === '' ? '' : `?${query}`);
  if (path.startsWith('//')) return { kind: 'redirect', location: collapsed };
  const target = { path, query, decoded: undefined, plain: false, collapsed };
  return { kind: 'ok', target: authority === undefined ? target : { ...target, authority } };
}

const collapse = (path: string): string => path.replace(/\/{2,}/g, '/');

function hasDots(path: string): boolean {
  return path.split('/').some((segment) => segment === '.' || segment === '..');
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}
