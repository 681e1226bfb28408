import { DynamicTable } from './dynamic-table.ts';
import { toField, type Field } from './field.ts';
import { decodeHuffman } from './huffman.ts';
import { STATIC_TABLE } from './static-table.ts';

/** The table size that a client may use, which is the default (RFC 9113, 6.5.2). */
const TABLE_BYTES = 4096;
const STATIC_COUNT = STATIC_TABLE.length;
/** More bits of an integer than any length or index has. */
const MAX_SHIFT = 21;

/** What a header block holds. `tooLarge`: the fields after the limit were decoded for the table's sake and dropped. */
export type HeaderList = Readonly<{ fields: readonly Field[]; tooLarge: boolean }>;

/**
 * Decodes the header blocks of one connection (RFC 7541). A small block that repeats a large field of the table many
 * times costs no memory: fields are shared, and what is over the limit is dropped.
 */
export class HeaderDecoder {
  readonly #table = new DynamicTable(TABLE_BYTES);
  readonly #maxListBytes: number;
  readonly #maxFields: number;
  #bytes: Buffer = NOTHING;
  #at = 0;
  #end = 0;
  /** Changes whenever the table does: until then the same block means the same. */
  generation = 0;

  constructor(maxListBytes: number, maxFields: number) {
    this.#maxListBytes = maxListBytes;
    this.#maxFields = maxFields;
  }

  /** Decodes a whole block. Undefined: it is invalid, and the connection cannot go on. */
  decode(bytes: Buffer, from: number, to: number): HeaderList | undefined {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = to;
    const list = this.#decode();
    this.#bytes = NOTHING;
    return list;
  }

  #decode(): HeaderList | undefined {
    const fields: Field[] = [];
    let size = 0;
    let tooLarge = false;
    let updates = 0;
    while (this.#at < this.#end) {
      const byte = this.#bytes[this.#at] ?? 0;
      if ((byte & 0xe0) === 0x20) {
        // Only before the first field, and at most two: the smallest and the last of several changes (RFC 7541, 4.2).
        if (fields.length > 0 || tooLarge || ++updates > 2 || !this.#resize()) return undefined;
        continue;
      }
      const field = (byte & 0x80) !== 0 ? this.#lookup(this.#integer(7)) : this.#literal(byte);
      if (field === undefined) return undefined;
      size += field.size;
      tooLarge ||= size > this.#maxListBytes || fields.length >= this.#maxFields;
      if (!tooLarge) fields.push(field);
    }
    return { fields, tooLarge };
  }

  #resize(): boolean {
    const bytes = this.#integer(5);
    if (bytes === undefined || bytes > TABLE_BYTES) return false;
    this.#table.resize(bytes);
    this.generation++;
    return true;
  }

  #literal(byte: number): Field | undefined {
    const indexed = (byte & 0xc0) === 0x40;
    const index = this.#integer(indexed ? 6 : 4);
    if (index === undefined) return undefined;
    const name = index === 0 ? this.#text() : this.#lookup(index)?.name;
    if (name === undefined) return undefined;
    const value = this.#text();
    if (value === undefined) return undefined;
    const field = toField(name, value);
    if (indexed) {
      this.#table.add(field);
      this.generation++;
    }
    return field;
  }

  #lookup(index: number | undefined): Field | undefined {
    if (index === undefined || index === 0) return undefined;
    return index <= STATIC_COUNT ? STATIC_TABLE[index - 1] : this.#table.at(index - STATIC_COUNT - 1);
  }

  /** Reads an integer (RFC 7541, 5.1). Undefined: it is cut off or absurdly large. */
  #integer(prefix: number): number | undefined {
    const max = (1 << prefix) - 1;
    let value = (this.#bytes[this.#at++] ?? 0) & max;
    if (value < max) return value;
    for (let shift = 0; this.#at < this.#end && shift <= MAX_SHIFT; shift += 7) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value;
    }
    return undefined;
  }

  #text(): string | undefined {
    if (this.#at >= this.#end) return undefined;
    const coded = ((this.#bytes[this.#at] ?? 0) & 0x80) !== 0;
    const length = this.#integer(7);
    if (length === undefined || length > this.#end - this.#at) return undefined;
    const from = this.#at;
    this.#at += length;
    return coded ? decodeHuffman(this.#bytes, from, this.#at) : this.#bytes.toString('latin1', from, this.#at);
  }
}

const NOTHING = Buffer.alloc(0);
