import { isIP } from 'node:net';

/**
 * `length`: bytes of the header. `client`, `local`: addresses of the client, and the one that it connected to; undefined
 * for a health check of the proxy itself.
 */
export type ProxyHeader = Readonly<{ length: number; client: string | undefined; local: string | undefined }>;
export type ProxyHeaderResult =
  | (Readonly<{ kind: 'ok' }> & ProxyHeader)
  | Readonly<{ kind: 'more' }>
  | Readonly<{ kind: 'invalid' }>;

const MORE: ProxyHeaderResult = { kind: 'more' };
const INVALID: ProxyHeaderResult = { kind: 'invalid' };
const SIGNATURE_2 = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const SIGNATURE_1 = Buffer.from('PROXY ');
const FIXED_2 = 16;
/** Version 1 says 107 at most, with its line end. */
const MAX_1 = 107;
/** Version 2 may carry extra fields, which load balancers keep to some hundred bytes. */
const MAX_2 = 4_096;
const LINE_1 = /^PROXY (?:UNKNOWN(?: [\x20-\x7e]*)?|(TCP4|TCP6) (\S+) (\S+) (\d{1,5}) (\d{1,5}))$/;

/**
 * Parses a PROXY protocol header, version 1 or 2 (haproxy.org, proxy-protocol.txt), at the start of a connection from
 * an address that must send one. Never throws.
 */
export function parseProxyHeader(bytes: Buffer): ProxyHeaderResult {
  if (startsLike(bytes, SIGNATURE_2)) return bytes.length < FIXED_2 ? MORE : parse2(bytes);
  if (startsLike(bytes, SIGNATURE_1)) return parse1(bytes);
  return INVALID;
}

/** Returns whether one of both starts with the other. */
function startsLike(bytes: Buffer, signature: Buffer): boolean {
  const length = Math.min(bytes.length, signature.length);
  return bytes.compare(signature, 0, length, 0, length) === 0;
}

function parse1(bytes: Buffer): ProxyHeaderResult {
  const end = bytes.subarray(0, MAX_1).indexOf('\r\n');
  if (end === -1) return bytes.length < MAX_1 ? MORE : INVALID;
  const match = LINE_1.exec(bytes.toString('latin1', 0, end));
  if (match === null) return INVALID;
  const [, family, source = '', target = '', from = '', to = ''] = match;
  const length = end + 2;
  if (family === undefined) return { kind: 'ok', length, client: undefined, local: undefined };
  const version = family === 'TCP4' ? 4 : 6;
  if (isIP(source) !== version || isIP(target) !== version || Number(from) > 65_535 || Number(to) > 65_535)
    return INVALID;
  return { kind: 'ok', length, client: source, local: target };
}

function parse2(bytes: Buffer): ProxyHeaderResult {
  const version = bytes.readUInt8(12) >> 4;
  const command = bytes.readUInt8(12) & 0x0f;
  const family = bytes.readUInt8(13) >> 4;
  const length = FIXED_2 + bytes.readUInt16BE(14);
  if (version !== 2 || command > 1 || length > MAX_2) return INVALID;
  if (bytes.length < length) return MORE;
  // Command 0 is "local": the proxy's own connection. Its addresses, and unknown families, are ignored.
  if (command === 0 || (family !== 1 && family !== 2))
    return { kind: 'ok', length, client: undefined, local: undefined };
  const size = family === 1 ? 4 : 16;
  if (length < FIXED_2 + size * 2 + 4) return INVALID;
  const address = (from: number): string => {
    const raw = bytes.subarray(from, from + size);
    return family === 1 ? raw.join('.') : written(raw);
  };
  return { kind: 'ok', length, client: address(FIXED_2), local: address(FIXED_2 + size) };
}

/** Writes an IPv6 address as everything else here does (RFC 5952). */
const written = (raw: Buffer): string =>
  new URL(
    `http://[${Array.from({ length: 8 }, (_, i) => raw.readUInt16BE(i * 2).toString(16)).join(':')}]`,
  ).hostname.slice(1, -1);
