export type Encoding = 'br' | 'gzip' | 'identity';

/** How much a client wants each coding: 0 is "never". */
export type Accepted = Readonly<{ br: number; gzip: number; zstd: number; identity: number }>;

const NOTHING: Accepted = { br: 0, gzip: 0, zstd: 0, identity: 1 };
const MAX_REMEMBERED = 512;
const remembered = new Map<string, Accepted>();

/** Parses an Accept-Encoding header. Results are memoized, because browsers send few different values. Never throws. */
export function acceptedEncodings(header: string | undefined): Accepted {
  if (header === undefined || header === '') return NOTHING;
  const known = remembered.get(header);
  if (known !== undefined) return known;
  const parsed = parse(header);
  if (header.length <= 200) {
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(header, parsed);
  }
  return parsed;
}

function parse(header: string): Accepted {
  let br: number | undefined;
  let gzip: number | undefined;
  let zstd: number | undefined;
  let identity: number | undefined;
  let any: number | undefined;
  for (const item of header.slice(0, 1000).split(',')) {
    const [name = '', ...parameters] = item.split(';');
    const q = quality(parameters);
    switch (name.trim().toLowerCase()) {
      case 'br':
        br = q;
        break;
      case 'gzip':
      case 'x-gzip':
        gzip = q;
        break;
      case 'zstd':
        zstd = q;
        break;
      case 'identity':
        identity = q;
        break;
      case '*':
        any = q;
        break;
    }
  }
  // An uncompressed response is always allowed unless it is forbidden by name (RFC 9110, 12.5.3).
  return {
    br: br ?? any ?? 0,
    gzip: gzip ?? any ?? 0,
    zstd: zstd ?? any ?? 0,
    identity: identity ?? (any === 0 ? 0 : 0.001),
  };
}

function quality(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const match = /^\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*$/i.exec(parameter);
    if (match !== null) return Number(match[1]);
    if (/^\s*q\s*=/i.test(parameter)) return 0;
  }
  return 1;
}

/** Returns the coding to send, of those that exist. At equal preference the smaller one: br, gzip, identity. */
export function chooseEncoding(accepted: Accepted, has: Readonly<{ br?: unknown; gzip?: unknown }>): Encoding {
  const br = has.br === undefined ? 0 : accepted.br;
  const gzip = has.gzip === undefined ? 0 : accepted.gzip;
  if (br > 0 && br >= gzip && br >= accepted.identity) return 'br';
  if (gzip > 0 && gzip >= accepted.identity) return 'gzip';
  return 'identity';
}
