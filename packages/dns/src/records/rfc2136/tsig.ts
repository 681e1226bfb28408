import { createHmac, timingSafeEqual } from 'node:crypto';
import { CLASS, encodeName, skipName, TYPE, u16 } from './wire.ts';

export type TsigKey = Readonly<{ name: string; algorithm: TsigAlgorithm; secret: Buffer }>;
export const TSIG_ALGORITHMS = ['hmac-sha256', 'hmac-sha384', 'hmac-sha512'] as const;
export type TsigAlgorithm = (typeof TSIG_ALGORITHMS)[number];

/** What a response's signature says. `unsigned`: it has none, as responses to unknown keys. */
export type TsigVerdict =
  | Readonly<{ kind: 'valid'; error: number }>
  | Readonly<{ kind: 'unsigned' | 'invalid'; error: number }>;

/** Seconds that the clocks of both sides may differ, as RFC 8945, section 10 recommends. */
const FUDGE = 300;

/** Returns the message with a TSIG record (RFC 8945), and the MAC, which the response's signature covers. */
export function signMessage(message: Buffer, key: TsigKey, nowMs: number): Readonly<{ bytes: Buffer; mac: Buffer }> {
  const time = timeBytes(nowMs);
  const mac = macOf(key, [message, variables(key, time, FUDGE, 0, Buffer.alloc(0))]);
  const rdata = Buffer.concat([
    encodeName(key.algorithm),
    time,
    u16(FUDGE),
    u16(mac.length),
    mac,
    message.subarray(0, 2),
    u16(0),
    u16(0),
  ]);
  const record = Buffer.concat([
    encodeName(key.name),
    u16(TYPE.TSIG),
    u16(CLASS.ANY),
    Buffer.alloc(4),
    u16(rdata.length),
    rdata,
  ]);
  const bytes = Buffer.concat([message, record]);
  bytes.writeUInt16BE(bytes.readUInt16BE(10) + 1, 10);
  return { bytes, mac };
}

/** Verifies the signature of a response to a request with `requestMac`. The message is hostile until it is valid. */
export function verifyResponse(message: Buffer, key: TsigKey, requestMac: Buffer, nowMs: number): TsigVerdict {
  const at = lastRecord(message);
  const fields = at === undefined ? undefined : readTsig(message, at);
  if (at === undefined || fields === undefined) return { kind: 'unsigned', error: 0 };
  const { time, fudge, mac, originalId, error, other } = fields;
  // A server that does not know the key, or rejects the signature, cannot sign what it says (section 5.3.2).
  if (mac.length === 0) return { kind: 'unsigned', error };
  const unsigned = Buffer.concat([originalId, message.subarray(2, at)]);
  unsigned.writeUInt16BE(unsigned.readUInt16BE(10) - 1, 10);
  const expected = macOf(key, [
    u16(requestMac.length),
    requestMac,
    unsigned,
    variables(key, time, fudge, error, other),
  ]);
  const valid = mac.length === expected.length && timingSafeEqual(mac, expected);
  const recent = Math.abs(time.readUIntBE(0, 6) - nowMs / 1000) <= FUDGE;
  return { kind: valid && recent ? 'valid' : 'invalid', error };
}

function macOf(key: TsigKey, parts: readonly Buffer[]): Buffer {
  const hmac = createHmac(key.algorithm.replace('hmac-', ''), key.secret);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

const variables = (key: TsigKey, time: Buffer, fudge: number, error: number, other: Buffer): Buffer =>
  Buffer.concat([
    encodeName(key.name),
    u16(CLASS.ANY),
    Buffer.alloc(4),
    encodeName(key.algorithm),
    time,
    u16(fudge),
    u16(error),
    u16(other.length),
    other,
  ]);

function timeBytes(nowMs: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(Math.floor(nowMs / 1000), 0, 6);
  return bytes;
}

/** Returns where the last additional record starts; undefined when there is none or the message is malformed. */
function lastRecord(message: Buffer): number | undefined {
  if (message.length < 12) return undefined;
  const count = (at: number): number => message.readUInt16BE(at);
  let offset: number | undefined = 12;
  for (let left = count(4); left > 0; left--) {
    offset = skipName(message, offset);
    if (offset === undefined) return undefined;
    offset += 4;
  }
  let last: number | undefined;
  for (let left = count(6) + count(8) + count(10); left > 0; left--) {
    last = offset;
    const body = skipName(message, offset);
    if (body === undefined || body + 10 > message.length) return undefined;
    offset = body + 10 + message.readUInt16BE(body + 8);
    if (offset > message.length) return undefined;
  }
  return count(10) > 0 ? last : undefined;
}

type Fields = Readonly<{
  time: Buffer;
  fudge: number;
  mac: Buffer;
  originalId: Buffer;
  error: number;
  other: Buffer;
}>;

function readTsig(message: Buffer, at: number): Fields | undefined {
  const body = skipName(message, at);
  if (body === undefined || message.readUInt16BE(body) !== TYPE.TSIG) return undefined;
  const start = skipName(message, body + 10);
  if (start === undefined || start + 10 > message.length) return undefined;
  const macEnd = start + 10 + message.readUInt16BE(start + 8);
  if (macEnd + 6 > message.length) return undefined;
  return {
    time: message.subarray(start, start + 6),
    fudge: message.readUInt16BE(start + 6),
    mac: message.subarray(start + 10, macEnd),
    originalId: message.subarray(macEnd, macEnd + 2),
    error: message.readUInt16BE(macEnd + 2),
    other: message.subarray(macEnd + 6),
  };
}
