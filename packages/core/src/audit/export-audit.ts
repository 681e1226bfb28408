import type { AuditStore } from '../ports/audit-store.ts';
import type { AuditEntry } from './audit-entry.ts';

export type AuditFormat = 'jsonl' | 'csv';

const PAGE = 100;
const COLUMNS: readonly (readonly [name: string, value: (entry: AuditEntry) => string])[] = [
  ['id', ({ id }) => id],
  ['at', ({ at }) => new Date(at).toISOString()],
  ['actor', ({ actor }) => actor.kind],
  ['actor_id', ({ actor }) => ('id' in actor ? actor.id : '')],
  ['actor_name', ({ actor }) => ('name' in actor ? actor.name : '')],
  ['action', ({ action }) => action],
  ['team', ({ teamId }) => teamId ?? ''],
  ['project', ({ projectId }) => projectId ?? ''],
  ['target', ({ target }) => JSON.stringify(target)],
  ['outcome', ({ outcome }) => outcome],
  ['code', ({ code }) => code ?? ''],
  ['before', ({ before }) => (before === undefined ? '' : JSON.stringify(before))],
  ['after', ({ after }) => (after === undefined ? '' : JSON.stringify(after))],
  ['address', ({ address }) => address],
  ['user_agent', ({ userAgent }) => userAgent],
  ['request', ({ requestId }) => requestId],
];

/** Streams the matching entries as text, newest first, a page at a time. CSV as in RFC 4180, with a head. */
export async function* exportAudit(
  audit: AuditStore,
  filter: Parameters<AuditStore['list']>[0],
  format: AuditFormat,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  if (format === 'csv') yield encoder.encode(`${COLUMNS.map(([name]) => name).join(',')}\r\n`);
  for (let cursor: string | undefined; ;) {
    const page = await audit.list(filter, { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    const lines = page.items.map((entry) =>
      format === 'csv'
        ? `${COLUMNS.map(([, value]) => csvCell(value(entry))).join(',')}\r\n`
        : `${JSON.stringify(entry)}\n`,
    );
    if (lines.length > 0) yield encoder.encode(lines.join(''));
    if (page.cursor === undefined) return;
    cursor = page.cursor;
  }
}

/** Quotes a cell. A spreadsheet would run text that starts with one of `= + - @` as a formula: it gets a quote mark. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
