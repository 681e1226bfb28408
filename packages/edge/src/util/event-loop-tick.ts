/**
 * Numbers the iterations of the event loop. Requests handled in an iteration arrived before it started, since the
 * sockets to read are chosen at its start: what was checked in the same iteration is never older than the request.
 */
export class EventLoopTick {
  #round = 0;
  #scheduled = false;

  current = (): number => {
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#round++;
        this.#scheduled = false;
      });
    }
    return this.#round;
  };
}
