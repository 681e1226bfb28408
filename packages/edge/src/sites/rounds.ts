/**
 * Numbers the rounds of the event loop. What is answered in a round was asked before the round began, since the sockets
 * to read from are chosen at its beginning: something looked at in the same round is never older than the question.
 */
export class Rounds {
  #round = 0;
  #waiting = false;

  current = (): number => {
    if (!this.#waiting) {
      this.#waiting = true;
      setImmediate(() => {
        this.#round++;
        this.#waiting = false;
      });
    }
    return this.#round;
  };
}
