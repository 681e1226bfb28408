/**
 * What a client announces before anything is encrypted. `serverName` is in lower case without a final dot; undefined
 * when the client sent none. `protocols` are its ALPN names, in its order.
 */
export type ClientHello = Readonly<{ serverName: string | undefined; protocols: readonly string[] }>;

/** `needed`: how many bytes must have arrived before parsing again can tell more. */
export type ClientHelloResult =
  | Readonly<{ kind: 'ok'; hello: ClientHello }>
  | Readonly<{ kind: 'more'; needed: number }>
  | Readonly<{ kind: 'invalid'; reason: 'not tls' | 'malformed' | 'too large' }>;

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;
/** RFC 8446, 5.1: the payload of a record in plain text. */
const MAX_RECORD = 16_384;
/** Hellos with post-quantum key shares and a resumption ticket have about 3 KB. */
export const MAX_HELLO_BYTES = 16_384;
const SERVER_NAME = 0;
const ALPN = 16;
const HOST_NAME = 0;
const NAME = /^[a-z0-9_](?:[a-z0-9_.:-]{0,251}[a-z0-9_])?$/;

const MALFORMED: ClientHelloResult = { kind: 'invalid', reason: 'malformed' };
const TOO_LARGE: ClientHelloResult = { kind: 'invalid', reason: 'too large' };

/**
 * Parses the ClientHello at the start of a connection (RFC 8446, 4.1.2), which may be split over records. Reads server
 * name and ALPN alone: OpenSSL receives the same bytes and checks the rest. Never throws.
 */
export function parseClientHello(bytes: Buffer): ClientHelloResult {
  if (bytes.length > 0 && bytes[0] !== HANDSHAKE) return { kind: 'invalid', reason: 'not tls' };
  const pieces: Buffer[] = [];
  let gathered = 0;
  let needed = MESSAGE_HEADER;
  for (let at = 0; gathered < needed;) {
    if (bytes.length < at + RECORD_HEADER) return { kind: 'more', needed: at + RECORD_HEADER };
    if (bytes[at] !== HANDSHAKE || bytes[at + 1] !== 3) return MALFORMED;
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > MAX_RECORD) return MALFORMED;
    const end = at + RECORD_HEADER + length;
    if (end > MAX_HELLO_BYTES) return TOO_LARGE;
    if (bytes.length < end) return { kind: 'more', needed: end };
    pieces.push(bytes.subarray(at + RECORD_HEADER, end));
    gathered += length;
    at = end;
    if (needed !== MESSAGE_HEADER || gathered < MESSAGE_HEADER) continue;
    const start = Buffer.concat(pieces);
    if (start[0] !== CLIENT_HELLO) return MALFORMED;
    needed = MESSAGE_HEADER + start.readUIntBE(1, 3);
    if (needed > MAX_HELLO_BYTES) return TOO_LARGE;
  }
  const message = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
  const hello = parseBody(new Fields(message.subarray(MESSAGE_HEADER, needed)));
  return hello === undefined ? MALFORMED : { kind: 'ok', hello };
}

function parseBody(body: Fields): ClientHello | undefined {
  body.skip(2 + 32);
  body.vector(1);
  body.vector(2);
  body.vector(1);
  if (body.failed) return undefined;
  const none: ClientHello = { serverName: undefined, protocols: [] };
  if (body.empty) return none;
  const extensions = body.vector(2);
  if (body.failed || !body.empty) return undefined;
  let serverName: string | undefined;
  let protocols: readonly string[] | undefined;
  while (!extensions.empty) {
    const type = extensions.number(2);
    const content = extensions.vector(2);
    if (extensions.failed) return undefined;
    if (type === SERVER_NAME) {
      const name = serverName === undefined ? serverNameOf(content) : undefined;
      if (name === undefined) return undefined;
      serverName = name;
    } else if (type === ALPN) {
      const names = protocols === undefined ? protocolsOf(content) : undefined;
      if (names === undefined) return undefined;
      protocols = names;
    }
  }
  return { serverName, protocols: protocols ?? [] };
}

/** RFC 6066, 3. Returns undefined unless it is one host name. */
function serverNameOf(content: Fields): string | undefined {
  const list = content.vector(2);
  if (content.failed || !content.empty) return undefined;
  const type = list.number(1);
  const name = list.vector(2).text();
  if (list.failed || !list.empty || type !== HOST_NAME) return undefined;
  const plain = name.toLowerCase().replace(/\.$/, '');
  return NAME.test(plain) ? plain : undefined;
}

/** RFC 7301, 3.1. */
function protocolsOf(content: Fields): readonly string[] | undefined {
  const list = content.vector(2);
  if (content.failed || !content.empty || list.empty) return undefined;
  const names: string[] = [];
  while (!list.empty) {
    const name = list.vector(1).text();
    if (list.failed || name === '') return undefined;
    names.push(name);
  }
  return names;
}

/** Reads numbers and length-prefixed vectors one after the other. After a failure everything is empty. */
class Fields {
  failed = false;
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get empty(): boolean {
    return this.#at >= this.#bytes.length;
  }

  skip(count: number): void {
    this.#take(count);
  }

  number(size: 1 | 2): number {
    const bytes = this.#take(size);
    return bytes.length === 0 ? 0 : bytes.readUIntBE(0, size);
  }

  vector(lengthSize: 1 | 2): Fields {
    return new Fields(this.#take(this.number(lengthSize)));
  }

  text(): string {
    return this.#bytes.toString('latin1');
  }

  #take(count: number): Buffer {
    const from = this.#at;
    if (this.failed || from + count > this.#bytes.length) {
      this.failed = true;
      this.#at = this.#bytes.length;
      return this.#bytes.subarray(0, 0);
    }
    this.#at = from + count;
    return this.#bytes.subarray(from, this.#at);
  }
}
