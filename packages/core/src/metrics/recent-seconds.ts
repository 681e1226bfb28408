import { addCounts, decodeCounts, encodeCounts, type RequestCounts } from './request-counts.ts';
import type { ProjectId } from '../names/id.ts';
import { SECONDS_HELD_MS } from './resolution.ts';

/** Seconds of all projects that are held at most; the oldest go first. About 100 bytes each. */
const MAX_SECONDS = 100_000;

/** The counts of the last ten minutes by second, encoded: most of their numbers are zero. */
export class RecentSeconds {
  readonly #byProject = new Map<ProjectId, Map<number, Uint8Array>>();
  #size = 0;

  add(projectId: ProjectId, at: number, counts: RequestCounts): void {
    let seconds = this.#byProject.get(projectId);
    if (seconds === undefined) this.#byProject.set(projectId, (seconds = new Map<number, Uint8Array>()));
    const held = seconds.get(at);
    if (held === undefined) this.#size++;
    const sum = held === undefined ? counts : decodeCounts(held);
    if (held !== undefined) addCounts(sum, counts);
    seconds.set(at, encodeCounts(sum));
  }

  /** Returns the seconds of a project from `from` up to but not including `to`, oldest first. */
  range(projectId: ProjectId, from: number, to: number): readonly Readonly<{ at: number; counts: RequestCounts }>[] {
    return [...(this.#byProject.get(projectId) ?? [])]
      .filter(([at]) => at >= from && at < to)
      .sort(([a], [b]) => a - b)
      .map(([at, bytes]) => ({ at, counts: decodeCounts(bytes) }));
  }

  /** Forgets seconds that are too old, and the oldest of too many. */
  prune(now: number): void {
    let before = now - SECONDS_HELD_MS;
    this.#removeBefore(before);
    for (; this.#size > MAX_SECONDS && before < now; before += SECONDS_HELD_MS / 20) this.#removeBefore(before);
  }

  remove(projectId: ProjectId): void {
    this.#size -= this.#byProject.get(projectId)?.size ?? 0;
    this.#byProject.delete(projectId);
  }

  #removeBefore(before: number): void {
    for (const [projectId, seconds] of this.#byProject) {
      for (const at of seconds.keys()) if (at < before && seconds.delete(at)) this.#size--;
      if (seconds.size === 0) this.#byProject.delete(projectId);
    }
  }
}
