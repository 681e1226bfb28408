import { commandError } from '../framework/problem.ts';

/** How `anchor dead-letters list` names things: a job by its id, a record as `kind:id`. */
export type DeadLetter = Readonly<{ job: string } | { kind: string; id: string }>;

export function parseDeadLetter(text: string): DeadLetter | undefined {
  if (/^job_[0-9a-z]{20}$/.test(text)) return { job: text };
  const at = text.indexOf(':');
  return at > 0 && at < text.length - 1 ? { kind: text.slice(0, at), id: text.slice(at + 1) } : undefined;
}

export const notADeadLetter = (text: string) =>
  commandError('usage', `"${text}" names no job and no record.`, 'Take the first column of: anchor dead-letters list');
