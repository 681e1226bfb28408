import type { DeploymentId } from '@anchor/core/names/id.ts';

/** Lines within a second: of one deployment, and of all. */
const [MAX_OF_ONE, MAX_OF_ALL] = [5, 100];

/** Limits the lines that the edge writes to run logs: clients cause them, and a flood must not reach the host. */
export class NoteLimit {
  #second = 0;
  #all = 0;
  #of = new Map<DeploymentId, number>();

  /** Returns whether another line of the deployment may be sent, and counts it. */
  allows(deploymentId: DeploymentId): boolean {
    const second = Math.floor(performance.now() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#all = 0;
      this.#of = new Map();
    }
    const count = (this.#of.get(deploymentId) ?? 0) + 1;
    if (count > MAX_OF_ONE || this.#all >= MAX_OF_ALL) return false;
    this.#of.set(deploymentId, count);
    this.#all++;
    return true;
  }
}
