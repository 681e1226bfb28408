import { randomBytes } from 'node:crypto';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { FunctionHost } from '@anchor/core/ports/function-host.ts';
import { anchorError, err, ok, type Result } from '@anchor/core/result/result.ts';
import { FUNCTION_CONTROL, MAX_NOTE_CHARS } from '@anchor/protocol/function-control.ts';
import { ControlConnection } from './control-connection.ts';
import { NoteLimit } from './note-limit.ts';
import { acquireResponse, emptyResponse, statusResponse, touchResponse, type HostStatus } from './protocol.ts';

export type ClientOptions = Readonly<{
  /** How long to wait for a host that does not respond at its socket (it is being restarted). Default 10 s. */
  reconnectMs?: number;
  /** How long a response may take once the host has the message: above its start timeout. Default 60 s. */
  responseTimeoutMs?: number;
}>;

type Acquiring = ReturnType<FunctionHost['acquire']>;

/**
 * The function host as other processes see it, through its control socket. Every error is a value; `not_ready` means
 * that no host runs.
 */
export class FunctionHostClient implements FunctionHost {
  readonly #connection: ControlConnection;
  readonly #reconnectMs: number;
  /** Names this process at the host. */
  readonly #caller = `${process.pid}-${randomBytes(6).toString('hex')}`;
  readonly #acquiring = new Map<DeploymentId, Acquiring>();
  readonly #noteLimit = new NoteLimit();

  constructor(socketPath: string, { reconnectMs = 10_000, responseTimeoutMs = 60_000 }: ClientOptions = {}) {
    this.#connection = new ControlConnection(socketPath, responseTimeoutMs);
    this.#reconnectMs = reconnectMs;
  }

  acquire(deploymentId: DeploymentId): Acquiring {
    const same = this.#acquiring.get(deploymentId);
    if (same !== undefined) return same;
    const message = { caller: this.#caller, deploymentId };
    const acquiring = this.#connection
      .send(FUNCTION_CONTROL.acquire, message, acquireResponse, this.#reconnectMs)
      .then((response) => (response.ok ? ok(response.value) : err(plain(response.error))))
      .finally(() => this.#acquiring.delete(deploymentId));
    this.#acquiring.set(deploymentId, acquiring);
    return acquiring;
  }

  async touch(use: Readonly<Record<DeploymentId, { inflight: number }>>): Promise<readonly DeploymentId[]> {
    const list = Object.entries(use).map(([deploymentId, { inflight }]) => ({ deploymentId, inflight }));
    if (list.length === 0) return [];
    const message = { caller: this.#caller, use: list };
    const response = await this.#connection.send(FUNCTION_CONTROL.touch, message, touchResponse, 0);
    // A host that does not respond has renewed nothing: all must be acquired again.
    return response.ok ? response.value : list.map(({ deploymentId }) => deploymentId as DeploymentId);
  }

  async stop(deploymentId: DeploymentId): Promise<void> {
    await this.#connection.send(FUNCTION_CONTROL.stop, { deploymentId }, emptyResponse, 0); // no host, no functions
  }

  /** Puts files and Node in place, so that the first start is as fast as later ones. */
  async prepare(deploymentId: DeploymentId): Promise<Result<void>> {
    const message = { deploymentId };
    const response = await this.#connection.send(FUNCTION_CONTROL.prepare, message, emptyResponse, this.#reconnectMs);
    return response.ok ? ok(undefined) : err(plain(response.error));
  }

  async status(): Promise<Result<HostStatus>> {
    const response = await this.#connection.send(FUNCTION_CONTROL.status, undefined, statusResponse, 0);
    return response.ok ? ok(response.value) : err(plain(response.error));
  }

  /** Writes a line of the edge's own to the deployment's run log; lost while no host runs. */
  note(deploymentId: DeploymentId, requestId: string, level: 'warn' | 'error', text: string): void {
    if (!this.#noteLimit.allows(deploymentId)) return;
    const message = { deploymentId, requestId, level, text: text.slice(0, MAX_NOTE_CHARS) };
    void this.#connection.send(FUNCTION_CONTROL.note, message, emptyResponse, 0);
  }

  close(): void {
    this.#connection.close();
  }
}

const plain = ({
  code,
  message,
  fix,
  cause,
}: Readonly<{ code: Parameters<typeof anchorError>[0]; message: string; fix: string; cause?: string | undefined }>) =>
  anchorError(code, message, fix, cause);
