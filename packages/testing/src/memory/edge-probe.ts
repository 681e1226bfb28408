import type { EdgeProbe } from '@anchor/core/ports/edge-probe.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { AliasStore } from '@anchor/core/ports/stores.ts';

type ProbeResult = Result<Readonly<{ status: number; body: string }>>;
/** `respond` returns the response that a test wants from the edge. */
export type MemoryProbe = EdgeProbe & { respond: (host: string, path: string) => ProbeResult | Promise<ProbeResult> };

const BODY_CHARS = 4_096;
const LOOK_AGAIN_MS = 5;

/** Creates an edge whose responses a test sets, and which serves an alias as soon as the store has it. */
export function edgeProbe(
  aliases: Readonly<{
    get(host: Parameters<AliasStore['get']>[0]): Promise<Readonly<{ deploymentId: string }> | undefined>;
  }>,
): MemoryProbe {
  const probe: MemoryProbe = {
    respond: () => ok({ status: 200, body: '' }),
    async request(host, path, timeoutMs) {
      const result = await within(timeoutMs, probe.respond(host, path));
      if (result === undefined)
        return fail('verification_failed', `${host}${path} did not respond within ${timeoutMs} ms`, 'Wait.');
      return result.ok ? ok({ ...result.value, body: result.value.body.slice(0, BODY_CHARS) }) : result;
    },
    async waitUntilServing(host, deploymentId, timeoutMs) {
      for (const until = performance.now() + timeoutMs; ;) {
        const alias = await aliases.get(host);
        if (alias?.deploymentId === deploymentId) return ok(undefined);
        if (performance.now() >= until)
          return fail('verification_failed', `${host} does not serve ${deploymentId}`, 'Wait.');
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
      }
    },
  };
  return probe;
}

/** Returns undefined when it takes longer. */
async function within<T>(ms: number, value: T | Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>(
    (resolve) => (timer = setTimeout(() => resolve(undefined), Math.min(ms, 2 ** 31 - 1))),
  );
  try {
    return await Promise.race([value, late]);
  } finally {
    clearTimeout(timer);
  }
}
