import type { PlatformOperations } from '@anchor/core/ports/platform-operations.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import { fail, ok } from '@anchor/core/result/result.ts';
import { collectGarbage } from '@anchor/core/retention/gc.ts';

/** Operates an installation in memory. A backup holds only the counts of its records; `restarts` counts restores. */
export function platformOperations(ports: Ports): PlatformOperations & Readonly<{ restarts: () => number }> {
  let restarts = 0;
  const prefix = 'memory backup ';
  return {
    restarts: () => restarts,
    gc: async ({ dryRun, force }) =>
      ok({ ...(await collectGarbage(ports)({ dryRun, ...(force === undefined ? {} : { force }) })), caches: [] }),
    async backup() {
      const { items } = await ports.projects.list({ limit: 100 });
      const text = JSON.stringify({ projects: items.length, deployments: 0, blobs: 0, bytes: 0 });
      return ok(
        (async function* () {
          yield new TextEncoder().encode(prefix + text);
        })(),
      );
    },
    async restore(content) {
      let text = '';
      for await (const chunk of content) text += new TextDecoder().decode(chunk);
      if (!text.startsWith(prefix) || !text.endsWith('}'))
        return fail('invalid_input', 'This is not a backup', 'Use a file that anchor backup wrote.');
      restarts += 1;
      return ok(
        JSON.parse(text.slice(prefix.length)) as {
          projects: number;
          deployments: number;
          blobs: number;
          bytes: number;
        },
      );
    },
    checks: async () => [{ name: 'memory', ok: true, message: 'everything is in memory' }],
    metrics: async () => [
      {
        name: 'anchor_memory_restores_total',
        help: 'Restores.',
        type: 'counter',
        samples: [{ labels: { of: 'a "quoted" \\ name\nof two lines' }, value: restarts }],
      },
    ],
    disk: async () => ({ freeBytes: 1, totalBytes: 2 }),
  };
}
