import type { AuditFields } from './audit-entry.ts';

/** Characters of JSON that one side of a change may have in the log. */
const MAX_CHARS = 16 * 1024;
/** Values up to this length are never replaced: a commit is worth more than the note in its place. */
const LONG_CHARS = 200;
const TOO_LONG = '(too long for the audit log)';

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

/** Bounds an entry: replaces long values, the longest first, then leaves out the last fields of very many. */
function bounded(fields: AuditFields): AuditFields {
  const sizes = Object.entries(fields).map(([name, value]) => ({
    name,
    size: sizeOf(name, value),
    long: isLong(value),
  }));
  let total = sizes.reduce((sum, { size }) => sum + size, 0);
  const cut = new Set<string>();
  for (const { name, size } of sizes.filter(({ long }) => long).toSorted((a, b) => b.size - a.size)) {
    if (total <= MAX_CHARS) break;
    cut.add(name);
    total += sizeOf(name, TOO_LONG) - size;
  }
  const short = Object.entries(fields).map(([name, value]) => [name, cut.has(name) ? TOO_LONG : value] as const);
  let left = MAX_CHARS;
  const fitting = short.filter(([name, value]) => (left -= sizeOf(name, value)) >= 0);
  if (fitting.length < short.length)
    fitting.push(['…', `${short.length - fitting.length} more are too many for the audit log`]);
  return Object.fromEntries(fitting);
}

const sizeOf = (name: string, value: unknown): number => JSON.stringify({ [name]: value }).length;
const isLong = (value: unknown): boolean => JSON.stringify(value).length > LONG_CHARS;
