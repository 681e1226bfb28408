import type { Reply } from '../exchange.ts';
import { stillMs, type EdgeSettings } from '../settings.ts';

/** So that the limit's own answer comes first. */
const AFTER_MS = 1_000;

/** Keeps the visitor's connection for as long as it may be silent (the project lets its function think so long), where that is longer than connections may stand still. */
export function waitAsLongAs({ timeoutMs }: Readonly<{ timeoutMs: number }>, res: Reply, settings: EdgeSettings): void {
  if (timeoutMs + AFTER_MS > stillMs(settings)) res.setTimeout(timeoutMs + AFTER_MS);
}
