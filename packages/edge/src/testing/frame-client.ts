import { connect, type Socket } from 'node:net';
import { FLAG, FRAME, PREFACE, readUint31, writeFrameHeader } from '../http2/frames.ts';
import { HeaderDecoder } from '../http2/hpack/decoder.ts';
import { maxFieldBytes, writeField } from '../http2/hpack/encoder.ts';

export type Frame = Readonly<{ type: number; flags: number; id: number; payload: Buffer }>;
type Fields = readonly (readonly [name: string, value: string])[];

export const GET: Fields = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'app.localhost'],
];
export const POST: Fields = [[':method', 'POST'], ...GET.slice(1)];

/** Returns a header block without a dynamic table. */
export function headerBlock(fields: Fields): Buffer {
  const bytes = Buffer.alloc(fields.reduce((sum, [name, value]) => sum + maxFieldBytes(name, value), 0));
  return bytes.subarray(
    0,
    fields.reduce((at, [name, value]) => writeField(bytes, at, name, value), 0),
  );
}

/** Returns the bytes of a frame, as long as its payload or as `length` says. */
export function frameBytes(type: number, flags: number, id: number, payload: Buffer, length = payload.length): Buffer {
  const bytes = Buffer.alloc(9 + payload.length);
  payload.copy(bytes, writeFrameHeader(bytes, 0, length, type, flags, id));
  return bytes;
}

/** Returns a payload of one number. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Returns the payload of a SETTINGS frame. */
export const settings = (...entries: readonly (readonly [name: number, value: number])[]): Buffer =>
  Buffer.concat(entries.map(([name, value]) => Buffer.concat([Buffer.of(0, name), uint32(value)])));

/** Speaks HTTP/2 frame by frame, also in ways that no real client does. */
export class FrameClient {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  closed = false;
  readonly #decoder = new HeaderDecoder(1024 * 1024, 1000);
  readonly #statuses = new Map<number, string[]>();
  #unread: Buffer = Buffer.alloc(0);
  #wake: (() => void) | undefined;

  /** Connects, and sends the preface with these settings. */
  constructor(port: number, payload: Buffer | 'nothing' = Buffer.alloc(0)) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.closed = true;
      this.#wake?.();
    });
    if (payload !== 'nothing') this.socket.write(Buffer.concat([PREFACE, frameBytes(FRAME.settings, 0, 0, payload)]));
  }

  send(type: number, flags: number, id: number, payload: Buffer = Buffer.alloc(0)): void {
    this.socket.write(frameBytes(type, flags, id, payload));
  }

  /** Sends a request's head. */
  request(id: number, fields: Fields = GET, flags: number = FLAG.endStream): void {
    this.send(FRAME.headers, FLAG.endHeaders | flags, id, headerBlock(fields));
  }

  /** Resolves once `found` returns something; undefined when the connection closes before. */
  async until<T>(found: () => T | undefined | false): Promise<T | undefined> {
    for (;;) {
      const result = found();
      if (result !== undefined && result !== false) return result;
      if (this.closed) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Resolves with the status of a response. */
  status(id: number): Promise<string | undefined> {
    return this.until(() => this.#statuses.get(id)?.at(-1));
  }

  /** Resolves with the body of a response once it has ended. */
  async body(id: number): Promise<string | undefined> {
    await this.until(() => this.frames.find((frame) => frame.id === id && isEnd(frame)));
    const data = this.frames.filter((frame) => frame.id === id && frame.type === FRAME.data);
    return Buffer.concat(data.map(({ payload }) => payload)).toString();
  }

  /** Resolves with the error code of the GOAWAY frame that closes the connection. */
  async goAway(): Promise<number | undefined> {
    const frame = await this.until(() => this.frames.find(({ type }) => type === FRAME.goAway));
    return frame?.payload.readUInt32BE(4);
  }

  /** Resolves with the error code of a stream's reset. */
  async reset(id: number): Promise<number | undefined> {
    const frame = await this.until(() => this.frames.find((one) => one.type === FRAME.rstStream && one.id === id));
    return frame?.payload.readUInt32BE(0);
  }

  /** Resolves when everything that was sent has been handled: the acknowledgement of a ping has arrived. */
  async settled(): Promise<void> {
    const mark = Buffer.alloc(8);
    mark.writeUInt32BE(++this.#pings);
    this.send(FRAME.ping, 0, 0, mark);
    await this.until(() => this.frames.find(({ type, payload }) => type === FRAME.ping && payload.equals(mark)));
  }
  #pings = 0;

  end(): void {
    this.socket.destroy();
  }

  #receive(chunk: Buffer): void {
    let bytes = Buffer.concat([this.#unread, chunk]);
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      const end = 9 + bytes.readUIntBE(0, 3);
      const frame = {
        type: bytes[3] ?? 0,
        flags: bytes[4] ?? 0,
        id: readUint31(bytes, 5),
        payload: Buffer.from(bytes.subarray(9, end)),
      };
      bytes = bytes.subarray(end);
      this.frames.push(frame);
      if (frame.type === FRAME.headers) this.#readStatus(frame);
    }
    this.#unread = bytes;
    this.#wake?.();
  }

  #readStatus({ id, payload }: Frame): void {
    const list = this.#decoder.decode(payload, 0, payload.length);
    const status = list?.fields.find(({ name }) => name === ':status')?.value ?? '';
    this.#statuses.set(id, [...(this.#statuses.get(id) ?? []), status]);
  }
}

const isEnd = ({ type, flags }: Frame): boolean =>
  (type === FRAME.data || type === FRAME.headers) && (flags & FLAG.endStream) !== 0;
