import { huffmanLength, writeHuffman } from './huffman.ts';
import { STATIC_FIELDS, STATIC_NAMES } from './static-table.ts';

/** The prefix of a literal that no table keeps (RFC 7541, 6.2.2). */
const WITHOUT_INDEXING = 0x00;
const INDEXED = 0x80;
const HUFFMAN = 0x80;

/**
 * Writes header fields without a dynamic table: what is written means the same on every connection, so it can be
 * prepared once and be sent to all. The caller reserves memory: `maxFieldBytes` for each.
 */
export const maxFieldBytes = (name: string, value: string): number => name.length + value.length + 12;

/** Writes a status line's field. Returns where it ends. */
export function writeStatus(bytes: Buffer, at: number, status: number): number {
  return writeField(bytes, at, ':status', String(status));
}

/** Writes a field; `name` is in lower case. Returns where it ends. */
export function writeField(bytes: Buffer, at: number, name: string, value: string): number {
  const index = STATIC_FIELDS.get(`${name}: ${value}`);
  if (index !== undefined) return writeInteger(bytes, at, index, 7, INDEXED);
  return writeText(bytes, writeName(bytes, at, name), value);
}

/**
 * Writes a field whose value is replaced later by others of the same length, uncoded. Returns where the value ends; it
 * starts `value.length` before.
 */
export function writePatchableField(bytes: Buffer, at: number, name: string, value: string): number {
  const start = writeInteger(bytes, writeName(bytes, at, name), value.length, 7, 0);
  return start + bytes.write(value, start, 'latin1');
}

function writeName(bytes: Buffer, at: number, name: string): number {
  const index = STATIC_NAMES.get(name);
  if (index !== undefined) return writeInteger(bytes, at, index, 4, WITHOUT_INDEXING);
  bytes[at] = WITHOUT_INDEXING;
  return writeText(bytes, at + 1, name);
}

/** Writes a string (latin1) in the shorter of both forms. */
function writeText(bytes: Buffer, at: number, text: string): number {
  const coded = huffmanLength(text);
  if (coded < text.length) return writeHuffman(bytes, writeInteger(bytes, at, coded, 7, HUFFMAN), text);
  const start = writeInteger(bytes, at, text.length, 7, 0);
  return start + bytes.write(text, start, 'latin1');
}

function writeInteger(bytes: Buffer, at: number, value: number, prefix: number, flags: number): number {
  const max = (1 << prefix) - 1;
  if (value < max) {
    bytes[at] = flags | value;
    return at + 1;
  }
  bytes[at] = flags | max;
  let to = at + 1;
  let rest = value - max;
  for (; rest >= 0x80; rest >>>= 7) bytes[to++] = (rest & 0x7f) | 0x80;
  bytes[to] = rest;
  return to + 1;
}
