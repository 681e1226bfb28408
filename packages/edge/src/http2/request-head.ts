import { METHODS, type IncomingHttpHeaders } from 'node:http';
import type { Field } from './hpack/field.ts';

/** The head of a request, as a header block has it. `headers` and `raw` have the shape of node:http's. */
export type RequestFields = Readonly<{
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  /** Flat. The host is first. */
  raw: string[];
  /** The declared length of the body. */
  contentLength: number | undefined;
}>;

type Pseudo = { method?: string; path?: string; scheme?: string; authority?: string };

/** Belong to a connection of HTTP/1.1: a request with one is malformed (RFC 9113, 8.2.2). */
const CONNECTION_HEADERS = new Set(['connection', 'proxy-connection', 'keep-alive', 'transfer-encoding', 'upgrade']);
/** Of these the first one counts, as in node:http. */
const SINGLE = new Set([
  'age',
  'authorization',
  'content-type',
  'etag',
  'expires',
  'from',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent',
]);
const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS);
const LENGTH = /^\d{1,15}$/;
/** No user name (RFC 9113, 8.3.1), and nothing that ends the host of a URL. */
const AUTHORITY = /^[^\s@/\\?#]+$/;

/**
 * Reads the fields of a request. 'malformed': the stream has to be reset (RFC 9113, 8.1.1). 'method': the edge serves
 * no such method, CONNECT included.
 */
export function readRequest(fields: readonly Field[]): RequestFields | 'malformed' | 'method' {
  const pseudo: Pseudo = {};
  let regular = 0;
  for (; regular < fields.length; regular++) {
    const field = fields[regular];
    if (field === undefined || !field.name.startsWith(':')) break;
    if (!field.valid || !setPseudo(pseudo, field)) return 'malformed';
  }
  const { method, path, scheme, authority } = pseudo;
  if (method === undefined) return 'malformed';
  if (method === 'CONNECT')
    return path === undefined && scheme === undefined && authority !== undefined ? 'method' : 'malformed';
  if (path === undefined || (scheme !== 'https' && scheme !== 'http')) return 'malformed';
  if (!path.startsWith('/') && !(path === '*' && method === 'OPTIONS')) return 'malformed';
  if (authority !== undefined && !AUTHORITY.test(authority)) return 'malformed';
  const headers: Record<string, string> = Object.create(null);
  const raw: string[] = authority === undefined ? [] : ['host', authority];
  if (authority !== undefined) headers['host'] = authority;
  for (let i = regular; i < fields.length; i++) {
    const field = fields[i];
    if (field === undefined || !addHeader(headers, raw, field, authority)) return 'malformed';
  }
  const declared = headers['content-length'];
  if (declared !== undefined && !LENGTH.test(declared)) return 'malformed';
  if (!KNOWN_METHODS.has(method)) return 'method';
  return { method, path, headers, raw, contentLength: declared === undefined ? undefined : Number(declared) };
}

/** Returns false for a pseudo-header that is unknown or a duplicate. `:protocol` is of RFC 8441, which is not offered. */
function setPseudo(pseudo: Pseudo, { name, value }: Field): boolean {
  switch (name) {
    case ':method':
      if (pseudo.method !== undefined) return false;
      pseudo.method = value;
      return true;
    case ':path':
      if (pseudo.path !== undefined) return false;
      pseudo.path = value;
      return true;
    case ':scheme':
      if (pseudo.scheme !== undefined) return false;
      pseudo.scheme = value;
      return true;
    case ':authority':
      if (pseudo.authority !== undefined) return false;
      pseudo.authority = value;
      return true;
    default:
      return false;
  }
}

/** Adds a header as node:http does. Returns false when it makes the request malformed. */
function addHeader(
  headers: Record<string, string>,
  raw: string[],
  { name, value, valid }: Field,
  authority: string | undefined,
): boolean {
  if (!valid || name.startsWith(':') || CONNECTION_HEADERS.has(name)) return false;
  if (name === 'te' && value.toLowerCase() !== 'trailers') return false;
  const known = headers[name];
  if (name === 'host' && authority !== undefined) return value.toLowerCase() === authority.toLowerCase();
  if (known === undefined) headers[name] = value;
  else if (name === 'host' || name === 'content-length') return false;
  else if (name === 'cookie') {
    // Cookies may come in pieces, which are one header elsewhere (RFC 9113, 8.2.3).
    headers[name] = `${known}; ${value}`;
    for (let i = 0; i < raw.length; i += 2) if (raw[i] === name) raw[i + 1] = headers[name];
    return true;
  } else if (!SINGLE.has(name)) headers[name] = `${known}, ${value}`;
  raw.push(name, value);
  return true;
}

/** Returns whether trailers are well-formed. They are dropped. */
export const areTrailers = (fields: readonly Field[]): boolean =>
  fields.every(({ name, valid }) => valid && !name.startsWith(':') && !CONNECTION_HEADERS.has(name));

/** Returns a text that only the same request has: no name or value has a line break. */
export function requestText({ method, path, raw }: RequestFields): string {
  let text = `h2 ${method} ${path}`;
  for (let i = 0; i < raw.length; i += 2) text += `\n${raw[i]}:${raw[i + 1]}`;
  return text;
}
