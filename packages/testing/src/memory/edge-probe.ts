import type { EdgeProbe } from '@anchor/core/ports/edge-probe.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { AliasStore } from '@anchor/core/ports/stores.ts';

export type MemoryProbe = EdgeProbe & { answer: (host: string, path: string) => Result<Readonly<{ status: number; body: string }>> };

/** An edge that answers what a test says, and serves an alias as soon as the store has it. */
export function edgeProbe(aliases: Pick<AliasStore, 'get'>): MemoryProbe {
  const probe: MemoryProbe = {
    answer: () => ok({ status: 200, body: '' }),
    request: async (host, path) => probe.answer(host, path),
    async settled(host, deploymentId) {
      const alias = await aliases.get(host);
      return alias?.deploymentId === deploymentId ? ok(undefined) : fail('not_ready', `${host} does not serve ${deploymentId}`, 'Wait.');
    },
  };
  return probe;
}
