import type { AuditFields } from './audit-entry.ts';

/** Characters of JSON that one side of a change may have in the log. */
const MAX_CHARS = 16 * 1024;

/** Returns the fields that differ between two states of one thing; the state itself where there is no other. */
export function changedFields(
  before: AuditFields | undefined,
  after: AuditFields | undefined,
): Readonly<{ before?: AuditFields; after?: AuditFields }> {
  const differs = (name: string): boolean =>
    before === undefined || after === undefined || JSON.stringify(before[name]) !== JSON.stringify(after[name]);
  const pick = (fields: AuditFields): AuditFields =>
    bounded(Object.fromEntries(Object.entries(fields).filter(([name, value]) => value !== undefined && differs(name))));
  return {
    ...(before === undefined ? {} : { before: pick(before) }),
    ...(after === undefined ? {} : { after: pick(after) }),
  };
}

/** Cuts fields that would make an entry too large: the longest ones first. */
function bounded(fields: AuditFields): AuditFields {
  const sizes = Object.entries(fields).map(([name, value]) => ({ name, size: JSON.stringify(value).length }));
  let total = sizes.reduce((sum, { size }) => sum + size, 0);
  const cut = new Set<string>();
  for (const { name, size } of sizes.toSorted((a, b) => b.size - a.size)) {
    if (total <= MAX_CHARS) break;
    cut.add(name);
    total -= size;
  }
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, cut.has(name) ? '(too long for the audit log)' : value]),
  );
}
