import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { FunctionHost, Upstream } from '@anchor/core/ports/function-host.ts';
import { ok, type AnchorError } from '@anchor/core/result/result.ts';

/** Implements the function host of the test bed. */
export class TestFunctions implements FunctionHost {
  readonly upstreams = new Map<DeploymentId, Upstream[]>();
  readonly touched: Readonly<Record<string, { inflight: number }>>[] = [];
  leaseMs = 10_000;
  timeoutMs = 60_000;
  acquired = 0;
  error: AnchorError | undefined;
  /** Awaited by `acquire`: what starts slowly. */
  starting: (id: DeploymentId) => Promise<void> = () => Promise.resolve();

  name(id: DeploymentId, upstream: Upstream): void {
    this.upstreams.set(id, [...(this.upstreams.get(id) ?? []), upstream]);
  }

  async acquire(id: DeploymentId): Promise<Awaited<ReturnType<FunctionHost['acquire']>>> {
    this.acquired++;
    await this.starting(id);
    if (this.error !== undefined) return { ok: false, error: this.error };
    return ok({ upstreams: this.upstreams.get(id) ?? [], leaseMs: this.leaseMs, timeoutMs: this.timeoutMs });
  }

  /** The result of the next `touch`: deployments whose instances have changed. */
  changed: DeploymentId[] = [];
  touch(use: Readonly<Record<DeploymentId, { inflight: number }>>): Promise<readonly DeploymentId[]> {
    this.touched.push(use);
    return Promise.resolve(this.changed.splice(0));
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}
