/**
 * Git's packet framing: four hex digits of length (with themselves), then the payload; 0000 is a flush. See
 * gitprotocol-common(5).
 */
export type Packet =
  | Readonly<{ kind: 'data'; payload: Buffer; end: number }>
  | Readonly<{ kind: 'flush' | 'delimiter' | 'response_end'; end: number }>;
export type Parsed = Packet | 'incomplete' | 'invalid';

export const FLUSH = '0000';
const MAX_PACKET = 65_520;
const SPECIAL = { 0: 'flush', 1: 'delimiter', 2: 'response_end' } as const;

/** Parses the packet that starts at `offset`; `end` is the offset behind it. `incomplete`: more bytes are needed. */
export function parsePacket(bytes: Buffer, offset: number): Parsed {
  const head = bytes.toString('latin1', offset, offset + 4);
  if (!/^[0-9a-fA-F]*$/.test(head)) return 'invalid';
  if (head.length < 4) return 'incomplete';
  const length = Number.parseInt(head, 16);
  if (length === 0 || length === 1 || length === 2) return { kind: SPECIAL[length], end: offset + 4 };
  if (length < 4 || length > MAX_PACKET) return 'invalid';
  const end = offset + length;
  return end > bytes.length ? 'incomplete' : { kind: 'data', payload: bytes.subarray(offset + 4, end), end };
}

/** Returns one packet of at most 65,516 bytes of payload. */
export function packet(payload: Buffer | string): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  if (bytes.length > MAX_PACKET - 4) throw new RangeError(`a packet holds at most ${MAX_PACKET - 4} bytes`);
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, '0')), bytes]);
}
