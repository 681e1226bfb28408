import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { MAX_HEAD_BYTES, parsePushHead, type PushHead } from './receive-pack-commands.ts';
import { parsePacket } from './pkt-line.ts';
import { endGit, type GitChild } from '../launcher/git-child.ts';

/** The start of a push, and what comes after it. */
export type Head = Readonly<{ bytes: Buffer; head: PushHead; rest: AsyncIterator<Buffer> }>;

/** How long git may take to notice. */
const BROKEN_OFF_MS = 10_000;

/** Reads what a push wants to change, before its pack. */
export async function readHead(body: Readable): Promise<Result<Head>> {
  const rest = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let buffer: Buffer = Buffer.alloc(64 * 1024);
  let size = 0;
  /** Bytes that were scanned: each is scanned once, however small the pieces are that it comes in. */
  let seen = 0;
  for (;;) {
    const next = await rest.next().catch(() => undefined);
    const over = next === undefined || next.done === true;
    if (!over) {
      if (size + next.value.length > buffer.length)
        buffer = Buffer.concat([buffer.subarray(0, size)], Math.max(2 * buffer.length, size + next.value.length));
      size += next.value.copy(buffer, size);
    }
    const bytes = buffer.subarray(0, size);
    let packet = parsePacket(bytes, seen);
    while (packet !== 'incomplete' && packet !== 'invalid' && packet.kind === 'data') {
      seen = packet.end;
      packet = parsePacket(bytes, seen);
    }
    if (packet === 'incomplete' && size <= MAX_HEAD_BYTES && !over) continue;
    const parsed = parsePushHead(bytes);
    if (parsed.state === 'done') return ok({ bytes, head: parsed.head, rest });
    const reason = parsed.state === 'invalid' ? parsed.reason : over ? 'it ends too early' : undefined;
    if (reason !== undefined)
      return fail('malformed_body', 'This is not a git push', 'Push with git itself: git push anchor main.', reason);
  }
}

/** Gives git the request. A sender that goes away or sends too much ends git before it changes anything. */
export async function feed(git: GitChild, { bytes, rest }: Head, maxBytes: number): Promise<void> {
  git.stdin.on('error', () => undefined); // git may stop reading when it refuses; its response has the reason
  let size = bytes.length;
  let chunk: Buffer = bytes;
  try {
    for (;;) {
      if (size > maxBytes) throw new Error('too large');
      if (!git.stdin.writable) break;
      if (!git.stdin.write(chunk)) await drained(git.stdin);
      const next = await rest.next();
      if (next.done === true) break;
      chunk = next.value;
      size += chunk.length;
    }
    git.stdin.end();
  } catch {
    // Half a pack is an error that git cleans up after; on a signal it leaves behind what it has received.
    git.stdin.end();
    const timer = setTimeout(() => endGit(git), BROKEN_OFF_MS);
    void git.closed.then(() => clearTimeout(timer));
  }
}

/** git's response: whether its last flush was seen, and its report of each reference. */
export type CopiedResponse = Readonly<{ whole: boolean; report: string }>;
/** A line for each of 10,000 references. */
const MAX_REPORT_BYTES = 2 * 1024 * 1024;

/** Copies git's response. `hold`: its last flush is held back, so that more can follow. */
export async function copyResponse(git: GitChild, response: ServerResponse, hold: boolean): Promise<CopiedResponse> {
  let pending: Buffer = Buffer.alloc(0);
  let whole = false;
  let report = '';
  for await (const chunk of git.stdout as AsyncIterable<Buffer>) {
    if (!hold) {
      // Without a side band, the report is all that git says.
      if (report.length < MAX_REPORT_BYTES) report += chunk.toString('utf8');
      if (!response.write(chunk)) await drained(response);
      continue;
    }
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    let offset = 0;
    for (;;) {
      const packet = parsePacket(pending, offset);
      if (packet === 'incomplete' || packet === 'invalid') break;
      whole = packet.kind === 'flush';
      // Band 1 is the report, 2 is text for the terminal.
      if (packet.kind === 'data' && packet.payload[0] === 1 && report.length < MAX_REPORT_BYTES)
        report += packet.payload.toString('utf8', 1);
      if (!whole) response.write(pending.subarray(offset, packet.end));
      offset = packet.end;
    }
    pending = pending.subarray(offset);
    if (response.writableNeedDrain) await drained(response);
  }
  if (pending.length > 0) response.write(pending);
  return { whole, report };
}

/** Resolves when more can be written, or when nothing can be any more. */
export const drained = (stream: NodeJS.WritableStream & { destroyed?: boolean }): Promise<void> =>
  new Promise((resolve) => {
    if (stream.destroyed === true) return resolve();
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      stream.off('error', done);
      resolve();
    };
    stream.on('drain', done).on('close', done).on('error', done);
  });
