import type { DeploymentId } from '@anchor/core/names/id.ts';

/** Writes a line of the edge's own to a deployment's runtime log. Must be quick and must not throw. */
export type SiteLog = (deploymentId: DeploymentId, requestId: string, level: 'warn' | 'error', text: string) => void;

const EVERY_MS = 60_000;
const MAX_REMEMBERED = 10_000;

/** Writes the edge's notes to a project's runtime log, where visitors get no details: identical ones once a minute. */
export class SiteLogWriter {
  readonly #log: SiteLog | undefined;
  readonly #now: () => number;
  readonly #written = new Map<string, number>();

  constructor(log: SiteLog | undefined, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  write(deploymentId: DeploymentId, requestId: string, level: 'warn' | 'error', text: string): void {
    const key = `${deploymentId} ${text}`;
    const now = this.#now();
    if (now - (this.#written.get(key) ?? -Infinity) < EVERY_MS) return;
    if (this.#written.size >= MAX_REMEMBERED) this.#written.clear();
    this.#written.set(key, now);
    this.#log?.(deploymentId, requestId, level, text);
  }
}
