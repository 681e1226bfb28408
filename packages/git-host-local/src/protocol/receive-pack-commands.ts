import { parsePacket } from './pkt-line.ts';

/** One ref that a push wants to change. `after` undefined: delete it; `before` undefined: create it. */
export type RefUpdate = Readonly<{ ref: string; before?: string; after?: string }>;
export type PushHead = Readonly<{
  updates: readonly RefUpdate[];
  capabilities: ReadonlySet<string>;
  /** It comes from a clone whose history is cut off. */
  shallow: boolean;
}>;
export type ParsedHead =
  | Readonly<{ state: 'done'; head: PushHead }>
  | Readonly<{ state: 'incomplete' }>
  | Readonly<{ state: 'invalid'; reason: string }>;

/** Size limit of a push before its pack: some 10,000 refs. */
export const MAX_HEAD_BYTES = 1024 * 1024;

/**
 * Parses the start of a receive-pack request, up to its first flush: shallow lines and commands. Strict: anything else
 * is invalid.
 */
export function parsePushHead(bytes: Buffer): ParsedHead {
  const updates: RefUpdate[] = [];
  let capabilities: ReadonlySet<string> = new Set();
  const refs = new Set<string>();
  let offset = 0;
  let shallow = false;
  for (;;) {
    const packet = parsePacket(bytes, offset);
    if (packet === 'invalid') return invalid('a packet has no valid length');
    if (packet === 'incomplete')
      return bytes.length > MAX_HEAD_BYTES ? invalid('it names too many refs') : { state: 'incomplete' };
    if (packet.kind === 'flush') return { state: 'done', head: { updates, capabilities, shallow } };
    if (packet.kind !== 'data') return invalid('a special packet where a command was expected');
    offset = packet.end;
    if (offset > MAX_HEAD_BYTES) return invalid('it names too many refs');
    const text = packet.payload.toString('utf8');
    if (/^shallow [0-9a-f]{40,64}\n?$/.test(text) && updates.length === 0) {
      shallow = true;
      continue;
    }
    const nul = text.indexOf('\0');
    // Capabilities follow the first command only.
    if (nul !== -1 && updates.length > 0) return invalid('capabilities behind a later command');
    if (nul !== -1)
      capabilities = new Set(
        text
          .slice(nul + 1)
          .trim()
          .split(' ')
          .filter((word) => word !== ''),
      );
    const update = parseUpdate((nul === -1 ? text : text.slice(0, nul)).replace(/\n$/, ''));
    if (update === undefined) return invalid('a command is not "old new ref"');
    if (refs.has(update.ref)) return invalid('a ref is named twice');
    refs.add(update.ref);
    updates.push(update);
  }
}

function parseUpdate(line: string): RefUpdate | undefined {
  const match = /^([0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{40}|[0-9a-f]{64}) (refs\/[^\x00-\x20\x7f~^:?*[\\]+)$/.exec(
    line,
  );
  const [, before = '', after = '', ref = ''] = match ?? [];
  if (match === null || before.length !== after.length) return undefined;
  return { ref, ...(isZero(before) ? {} : { before }), ...(isZero(after) ? {} : { after }) };
}

const isZero = (sha: string): boolean => /^0+$/.test(sha);
const invalid = (reason: string): ParsedHead => ({ state: 'invalid', reason });
