import type { EdgeProbe } from '@anchor/core/ports/edge-probe.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { AliasStore } from '@anchor/core/ports/stores.ts';

type Answer = Result<Readonly<{ status: number; body: string }>>;
/** `answer` is what a test says that the edge answers. */
export type MemoryProbe = EdgeProbe & { answer: (host: string, path: string) => Answer | Promise<Answer> };

const BODY_CHARS = 4_096;
const LOOK_AGAIN_MS = 5;

/** An edge that answers what a test says, and serves an alias as soon as the store has it. */
export function edgeProbe(aliases: Readonly<{ get(host: Parameters<AliasStore['get']>[0]): Promise<Readonly<{ deploymentId: string }> | undefined> }>): MemoryProbe {
  const probe: MemoryProbe = {
    answer: () => ok({ status: 200, body: '' }),
    async request(host, path, timeoutMs) {
      const answer = await within(timeoutMs, probe.answer(host, path));
      if (answer === undefined) return fail('verification_failed', `${host}${path} did not answer within ${timeoutMs} ms`, 'Wait.');
      return answer.ok ? ok({ ...answer.value, body: answer.value.body.slice(0, BODY_CHARS) }) : answer;
    },
    async settled(host, deploymentId, timeoutMs) {
      for (const until = performance.now() + timeoutMs; ; ) {
        const alias = await aliases.get(host);
        if (alias?.deploymentId === deploymentId) return ok(undefined);
        if (performance.now() >= until) return fail('verification_failed', `${host} does not serve ${deploymentId}`, 'Wait.');
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
      }
    },
  };
  return probe;
}

/** Undefined when it takes longer. */
async function within<T>(ms: number, value: T | Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), Math.min(ms, 2 ** 31 - 1))));
  try {
    return await Promise.race([value, late]);
  } finally {
    clearTimeout(timer);
  }
}
