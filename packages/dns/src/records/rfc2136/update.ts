import { randomInt } from 'node:crypto';
import { CLASS, encodeName, encodeTxt, TYPE, u16 } from './wire.ts';

export type TxtChange = Readonly<{ zone: string; name: string; value: string; action: 'add' | 'remove' }>;

const OPCODE_UPDATE = 5 << 11;
/** Seconds: challenges change within minutes. */
const TTL = 60;

/** Encodes an UPDATE (RFC 2136) that adds or removes one TXT value and leaves the name's other values alone. */
export function encodeUpdate({ zone, name, value, action }: TxtChange): Buffer {
  const ttl = Buffer.alloc(4);
  if (action === 'add') ttl.writeUInt32BE(TTL);
  const rdata = encodeTxt(value);
  return Buffer.concat([
    u16(randomInt(0x10000)),
    u16(OPCODE_UPDATE),
    ...[1, 0, 1, 0].map(u16),
    encodeName(zone),
    u16(TYPE.SOA),
    u16(CLASS.IN),
    encodeName(name),
    u16(TYPE.TXT),
    u16(action === 'add' ? CLASS.IN : CLASS.NONE),
    ttl,
    u16(rdata.length),
    rdata,
  ]);
}

/** Returns the code of an UPDATE's response; undefined when the message is none, or belongs to another request. */
export function updateRcode(response: Buffer, request: Buffer): number | undefined {
  if (response.length < 12 || response.readUInt16BE(0) !== request.readUInt16BE(0)) return undefined;
  const flags = response.readUInt16BE(2);
  const isUpdateResponse = (flags & 0x8000) !== 0 && (flags & 0x7800) === OPCODE_UPDATE;
  return isUpdateResponse ? flags & 0x0f : undefined;
}
