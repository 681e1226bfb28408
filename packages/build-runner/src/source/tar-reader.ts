/** One entry of a tar archive. `path` and `link` are as written, not yet judged. */
export type TarEntry = Readonly<{
  type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';
  path: string;
  link: string;
  size: number;
  executable: boolean;
}>;

/** Consumes entries; `data` yields the bytes of a file and is drained by the reader when the consumer does not. */
export type TarConsumer = (entry: TarEntry, data: AsyncIterable<Uint8Array>) => Promise<void>;

/**
 * Reports an archive that is no tar, is cut off, or breaks a limit. The reader throws it; its callers convert it into
 * an error value.
 */
export class TarError extends Error {}

const BLOCK = 512;
const MAX_HEADER = 1 << 20;

/**
 * Reads ustar, pax and GNU long names from a stream, keeping no more than a chunk in memory. Strict: wrong checksums,
 * negative or huge sizes and cut archives throw TarError.
 */
export async function readTar(stream: AsyncIterable<Uint8Array>, consume: TarConsumer): Promise<void> {
  const source = chunked(stream);
  let pax: Record<string, string> = {};
  let longName: string | undefined;
  let longLink: string | undefined;
  for (;;) {
    const header = await source.exactly(BLOCK);
    if (header === undefined) throw new TarError('The archive has no end marker.');
    if (header.every((byte) => byte === 0)) break;
    if (checksum(header) !== octal(header, 148, 8))
      throw new TarError('A header has a wrong checksum: this is not a tar archive, or it is damaged.');
    const flag = String.fromCharCode(header[156] ?? 0);
    const size = pax['size'] === undefined ? octal(header, 124, 12) : Number(pax['size']);
    if (!Number.isSafeInteger(size) || size < 0) throw new TarError('A file has an impossible size.');
    if (flag === 'x' || flag === 'g' || flag === 'L' || flag === 'K') {
      if (size > MAX_HEADER) throw new TarError('A header record is larger than 1 MiB.');
      const bytes = await source.exactly(size);
      if (bytes === undefined) throw new TarError('The archive is truncated.');
      await source.skip(padding(size));
      if (flag === 'x') pax = paxRecords(bytes);
      else if (flag === 'L') longName = cString(bytes, 0, bytes.length);
      else if (flag === 'K') longLink = cString(bytes, 0, bytes.length);
      continue;
    }
    const prefix = cString(header, 257, 5) === 'ustar' ? cString(header, 345, 155) : '';
    const name = cString(header, 0, 100);
    const entry: TarEntry = {
      type: kindOf(flag),
      path: pax['path'] ?? longName ?? (prefix === '' ? name : `${prefix}/${name}`),
      link: pax['linkpath'] ?? longLink ?? cString(header, 157, 100),
      size: kindOf(flag) === 'file' ? size : 0,
      executable: (octal(header, 100, 8) & 0o100) !== 0,
    };
    pax = {};
    longName = longLink = undefined;
    // Only files carry data; what else claims some is skipped by its size.
    const body = source.take(size);
    await consume(entry, body);
    for await (const _rest of body);
    await source.skip(padding(size));
  }
}

const padding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;
const kindOf = (flag: string): TarEntry['type'] =>
  flag === '0' || flag === '\0' || flag === '7'
    ? 'file'
    : flag === '5'
      ? 'directory'
      : flag === '2'
        ? 'symlink'
        : flag === '1'
          ? 'hardlink'
          : 'other';

function cString(bytes: Uint8Array, start: number, length: number): string {
  const end = bytes.subarray(start, start + length).indexOf(0);
  return new TextDecoder().decode(bytes.subarray(start, end === -1 ? start + length : start + end));
}

function octal(bytes: Uint8Array, start: number, length: number): number {
  // GNU base 256 for sizes of 8 GiB and more: larger than every limit here, so its exact value does not matter.
  if (((bytes[start] ?? 0) & 0x80) !== 0) return Number.MAX_SAFE_INTEGER + 1;
  const text = cString(bytes, start, length).trim();
  if (text === '') return 0;
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
}

function checksum(header: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : (header[i] ?? 0);
  return sum;
}

function paxRecords(bytes: Uint8Array): Record<string, string> {
  const records: Record<string, string> = {};
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(32, at);
    const length = space === -1 ? Number.NaN : Number(new TextDecoder().decode(bytes.subarray(at, space)));
    if (!Number.isInteger(length) || length < 5 || at + length > bytes.length)
      throw new TarError('An extended header is malformed.');
    const record = new TextDecoder().decode(bytes.subarray(space + 1, at + length - 1));
    const equals = record.indexOf('=');
    if (equals > 0) records[record.slice(0, equals)] = record.slice(equals + 1);
    at += length;
  }
  return records;
}

/** Creates a byte source that returns exact amounts from a stream of chunks. */
function chunked(stream: AsyncIterable<Uint8Array>) {
  const iterator = stream[Symbol.asyncIterator]();
  let rest = new Uint8Array(0);
  const more = async (): Promise<boolean> => {
    while (rest.length === 0) {
      const next = await iterator.next();
      if (next.done === true) return false;
      rest = new Uint8Array(next.value);
    }
    return true;
  };
  const read = async (max: number): Promise<Uint8Array | undefined> => {
    if (!(await more())) return undefined;
    const part = rest.subarray(0, max);
    rest = rest.subarray(part.length);
    return part;
  };
  const source = {
    async exactly(length: number): Promise<Uint8Array | undefined> {
      const out = new Uint8Array(length);
      for (let at = 0; at < length;) {
        const part = await read(length - at);
        if (part === undefined) return undefined;
        out.set(part, at);
        at += part.length;
      }
      return out;
    },
    async skip(length: number): Promise<void> {
      for await (const _part of source.take(length));
    },
    /** Yields the next bytes in one pass: iterating again continues where the first iteration stopped. */
    take(length: number): AsyncIterable<Uint8Array> {
      let left = length;
      return {
        async *[Symbol.asyncIterator]() {
          while (left > 0) {
            const part = await read(left);
            if (part === undefined) throw new TarError('The archive is truncated.');
            left -= part.length;
            yield part;
          }
        },
      };
    },
  };
  return source;
}
