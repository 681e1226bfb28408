/** Writes the log of one process to its standard error, a line of JSON per entry. */
export class ProcessLog {
  readonly #process: string;

  constructor(process: string) {
    this.#process = process;
  }

  readonly write = (entry: object): void =>
    console.error(JSON.stringify({ at: new Date().toISOString(), process: this.#process, ...entry }));

  readonly error = (message: string): void => this.write({ level: 'error', message });

  /** Runs what a process can start without: a failure is logged, and stops nothing else. */
  async step(what: string, run: () => Promise<unknown>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.error(`while ${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
}
