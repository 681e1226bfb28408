import type { ProjectId } from '@anchor/core/names/id.ts';
import type { Exchange } from '../http1/transport.ts';

/** Counts the requests of a project that this worker has in flight to functions, WebSockets included. */
export class ProjectInflight {
  readonly #limit: number;
  readonly #counts = new Map<ProjectId, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Returns false when the project has too many. The end of the exchange releases the slot. */
  enter(project: ProjectId, exchange: Exchange): boolean {
    // Passed from one transport's handling to another's.
    if (exchange.leave !== undefined) return true;
    const count = this.#counts.get(project) ?? 0;
    if (count >= this.#limit) return false;
    this.#counts.set(project, count + 1);
    exchange.leave = () => {
      const left = (this.#counts.get(project) ?? 1) - 1;
      if (left === 0) this.#counts.delete(project);
      else this.#counts.set(project, left);
    };
    return true;
  }
}
