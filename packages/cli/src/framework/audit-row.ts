import type { AuditEntry } from '@anchor/client/schemas/audit.ts';
import type { Output } from '../output/output.ts';
import { ago } from '../output/units.ts';

/** Returns a change as a row of a table. */
export function auditRow(entry: AuditEntry, { safe }: Output, now: number): readonly string[] {
  const { actor, target, outcome, code, before, after } = entry;
  const fields = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return [
    ago(entry.at, now),
    safe(actor.kind === 'anonymous' ? '(not signed in)' : actor.name),
    entry.address,
    entry.action,
    safe(Object.values(target).join(' ')),
    code === undefined ? outcome : `${outcome} (${code})`,
    safe(fields.join(', ')),
  ];
}
