import { request } from 'node:http';

/** A worker that is busy for longer reads by itself. */
const DEADLINE_MS = 3_000;

/** Tells the edge workers of this machine, by their control sockets, that something was published. */
export class WorkerNotifier {
  readonly #controlSockets: () => readonly string[];

  constructor(controlSockets: () => readonly string[]) {
    this.#controlSockets = controlSockets;
  }

  /** Resolves when every running worker has read it. */
  async notify(): Promise<void> {
    await Promise.all(this.#controlSockets().map(notifyWorker));
  }
}

/** Resolves in any case: a worker that is not there reads everything when it starts. */
function notifyWorker(socketPath: string): Promise<void> {
  return new Promise((resolve) => {
    const outgoing = request({ socketPath, path: '/certificates', method: 'POST', agent: false, timeout: DEADLINE_MS });
    outgoing.on('timeout', () => outgoing.destroy());
    outgoing.on('error', () => resolve());
    outgoing.on('response', (response) => {
      response.resume();
      response.on('close', () => resolve());
    });
    outgoing.end();
  });
}
