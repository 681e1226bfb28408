import { eachField, LINES } from '../fields.ts';

/** How the end of a body is told. */
export type Framing = Readonly<{ kind: 'none' } | { kind: 'length'; length: number } | { kind: 'chunked' } | { kind: 'close' }>;

/** The head of a function's answer. `raw` is flat: name, value, name, value. */
export type AnswerHead = Readonly<{
  status: number;
  reason: string;
  raw: readonly string[];
  connection: string | undefined;
  framing: Framing;
  /** How long the connection may be used again for, in milliseconds; 0: not at all. */
  keepMs: number;
  /** Bytes of the head. */
  length: number;
}>;

/** Frameworks write long Link and Set-Cookie headers; more than Node's own 16 KB. */
export const MAX_ANSWER_HEAD = 128 * 1024;
const MAX_FIELDS = 2000;
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const NO_BODY: Framing = { kind: 'none' };
/** A server that does not say how long it waits for the next request. */
const KEEP_MS = 4_000;

/**
 * Reads the head at the beginning of `text` (latin1). What comes is made by a project's own code: only what every reader
 * understands in the same way is taken, above all where the body ends. 'more' while it is not whole; a string says what is wrong.
 */
export function readAnswerHead(text: string, method: string): AnswerHead | 'more' | Readonly<{ wrong: string }> {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1 ? text.length >= MAX_ANSWER_HEAD : end >= MAX_ANSWER_HEAD) return { wrong: 'the head of its answer is too large' };
  if (end === -1) return 'HTTP/1.'.startsWith(text.slice(0, 7)) ? 'more' : { wrong: 'it does not speak HTTP' };
  const lineEnd = text.indexOf('\r\n');
  const line = STATUS_LINE.exec(text.slice(0, lineEnd));
  if (line === null) return { wrong: 'it does not speak HTTP' };
  const block = text.slice(lineEnd + 2, end + 2);
  if (!LINES.test(block)) return { wrong: 'its answer has a broken header' };
  const status = Number(line[2]);
  const raw: string[] = [];
  let lengths = 0;
  let length = '';
  let codings = 0;
  let coding = '';
  let connection: string | undefined;
  let keepAlive = '';
  eachField(block, (name, value) => {
    raw.push(name, value);
    switch (name.length) {
      case 10: {
        const key = name.toLowerCase();
        if (key === 'connection') connection = connection === undefined ? value : `${connection}, ${value}`;
        else if (key === 'keep-alive') keepAlive = value;
        break;
      }
      case 14:
        if (name.toLowerCase() === 'content-length') {
          lengths++;
          length = value;
        }
        break;
      case 17:
        if (name.toLowerCase() === 'transfer-encoding') {
          codings++;
          coding = value;
        }
    }
    return true;
  });
  if (raw.length > MAX_FIELDS * 2) return { wrong: 'its answer has too many headers' };
  if (lengths > 1 || (lengths === 1 && !/^\d{1,15}$/.test(length))) return { wrong: 'the length of its answer is unclear' };
  if (codings > 1 || (codings === 1 && (coding.toLowerCase() !== 'chunked' || lengths > 0 || line[1] === '0'))) return { wrong: 'where its answer ends is unclear' };
  const bodiless = method === 'HEAD' || status < 200 || status === 204 || status === 304;
  const framing: Framing = bodiless ? NO_BODY : codings === 1 ? { kind: 'chunked' } : lengths === 1 ? { kind: 'length', length: Number(length) } : { kind: 'close' };
  const kept = line[1] === '1' && framing.kind !== 'close' && (connection === undefined || connection.toLowerCase() === 'keep-alive');
  return { status, reason: line[3] ?? '', raw, connection, framing, keepMs: kept ? keepMs(keepAlive) : 0, length: end + 4 };
}

/** A second less than the other side says, so that it does not close what is just being written to. */
function keepMs(keepAlive: string): number {
  const seconds = /(?:^|[,\s])timeout=(\d{1,6})/i.exec(keepAlive)?.[1];
  return seconds === undefined ? KEEP_MS : Math.max(0, Number(seconds) * 1000 - 1000);
}
