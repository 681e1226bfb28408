import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createProject } from '../../e2e/helpers.ts';
import { startPlatform, type Platform } from '../../e2e/platform.ts';
import type { DeliveryResult, DeliverySpec } from '../load/deliveries.ts';
import { list, median, percentile } from '../measure/stats.ts';
import { bounded, type Case } from '../case.ts';

const COUNT = 1_000;
const ROUNDS = 3;
const CLIENT = fileURLToPath(new URL('../load/deliveries.ts', import.meta.url));

export const webhooks: Case = {
  id: 'webhooks',
  what: `${COUNT} signed deliveries at once: time to the 202, and what a kill -9 in the middle loses`,
  async run(bench) {
    const platform = await startPlatform();
    try {
      const { project, hooks } = await createProject(platform, 'site');
      const spec = { port: platform.apiPort, project: project.id, secret: hooks.webhookSecret };
      await burst({ ...spec, count: 50, prefix: 'warm' });
      const rounds: DeliveryResult[] = [];
      for (let i = 0; i < ROUNDS; i++) {
        const result = await burst({ ...spec, count: COUNT, prefix: `round-${i}` });
        const other = result.responses.filter(({ status }) => status !== 202).length;
        if (result.responses.length !== COUNT || other > 0)
          throw new Error(`${result.responses.length} responses, ${other} not 202, ${JSON.stringify(result.failures)}`);
        rounds.push(result);
      }
      const share = (part: number): number[] =>
        rounds.map(({ responses }) =>
          percentile(
            responses.map(({ ms }) => ms),
            part,
          ),
        );
      bench.say(
        `p50 ${list(share(0.5), 0)} ms, p99 ${list(share(0.99), 0)} ms; 1,000 connections opened in ${list(
          rounds.map(({ connectMs }) => connectMs),
          0,
        )} ms`,
      );

      const spread = await burst({ ...spec, count: COUNT, prefix: 'spread', overMs: 1_000 });
      const spreadMs = (part: number): number =>
        percentile(
          spread.responses.map(({ ms }) => ms),
          part,
        );
      bench.say(`${COUNT} within a second: p50 ${spreadMs(0.5).toFixed(1)} ms, p99 ${spreadMs(0.99).toFixed(1)} ms`);

      const killed = await burst({ ...spec, count: COUNT, prefix: 'killed', announce: COUNT / 4 }, () =>
        platform.kill9('server'),
      );
      const promised = killed.responses.filter(({ status }) => status === 202);
      const stored = await allDeliveries(platform, 'site');
      const lost = promised.filter(({ deliveryId, externalId }) => stored.get(deliveryId) !== externalId).length;
      bench.say(`kill -9 in the middle: ${promised.length} of ${COUNT} had their 202, ${lost} of those are lost`);
      if (promised.length === 0 || promised.length === COUNT)
        bench.say('the kill came too early or too late to say anything');
      return [
        bounded(
          {
            id: 'webhooks-p99',
            what: `${COUNT} deliveries at once, p99 to the 202`,
            unit: 'ms',
            note: `p50 ${median(share(0.5)).toFixed(0)} ms; p99 of each round ${list(share(0.99), 0)}. From writing a request on an open connection to its whole response, all ${COUNT} written in one go by one process on the same cores; each makes a deployment of its own branch.`,
          },
          median(share(0.99)),
          50,
        ),
        bounded(
          {
            id: 'webhooks-second',
            what: `${COUNT} deliveries within one second, p99 to the 202`,
            unit: 'ms',
            note: `p50 ${spreadMs(0.5).toFixed(1)} ms; one every millisecond. A steady stream, beside the burst of the goal.`,
          },
          spreadMs(0.99),
          50,
        ),
        bounded(
          {
            id: 'webhooks-lost',
            what: `lost of ${promised.length} accepted through kill -9`,
            unit: 'deliveries',
            note: `${promised.length} of ${COUNT} were accepted with 202 before the server was killed.`,
          },
          lost,
          0,
        ),
      ];
    } finally {
      await platform.stop();
    }
  },
};

/** Runs the client; `middle` is called when it reports that enough were accepted. */
async function burst(spec: DeliverySpec, middle?: () => Promise<void>): Promise<DeliveryResult> {
  const child = spawn(process.execPath, [CLIENT, JSON.stringify(spec)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let acted: Promise<void> | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (text.includes('announced')) acted ??= middle?.();
  });
  await once(child, 'close');
  await acted;
  return JSON.parse(output) as DeliveryResult;
}

async function allDeliveries(platform: Platform, project: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (let cursor: string | undefined; ;) {
    const { body } = await platform.api<{ items: { id: string; externalId: string }[]; cursor?: string }>(
      'GET',
      `/api/projects/${project}/deliveries?limit=100${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    for (const { id, externalId } of body.items) found.set(id, externalId);
    cursor = body.cursor;
    if (cursor === undefined || body.items.length === 0) return found;
  }
}
