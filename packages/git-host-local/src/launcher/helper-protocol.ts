import type { GitSignal } from './git-child.ts';

/** Messages between the server and the helper that starts git for it. `id` names one git, as 32 hex digits. */
export type HelperRequest =
  | Readonly<{ type: 'start'; id: string; argv: readonly string[]; env: Readonly<Record<string, string>> }>
  | Readonly<{ type: 'signal'; id: string; signal: GitSignal }>
  /** Its output was read to the end: what is left of its process group is killed. */
  | Readonly<{ type: 'forget'; id: string }>;

export type HelperReport =
  | Readonly<{ type: 'ready' }>
  | Readonly<{ type: 'started'; id: string; pid: number }>
  | Readonly<{ type: 'failed'; id: string; reason: string }>
  | Readonly<{ type: 'exited'; id: string; code: number | null }>;

/** The first bytes of each connection: which git it belongs to, and which of its standard streams it becomes. */
export const HEADER_BYTES = 33;
export const STREAMS = 3;
export const headerOf = (id: string, stream: number): string => `${id}${stream}`;

/** Returns undefined for what is not a header. */
export function parseHeader(text: string): Readonly<{ id: string; stream: number }> | undefined {
  const found = /^([0-9a-f]{32})([0-2])$/.exec(text);
  return found?.[1] === undefined ? undefined : { id: found[1], stream: Number(found[2]) };
}
