import { openApi } from '@anchor/client/openapi/openapi.ts';
import { endpoints, type Api } from '@anchor/client/endpoints/table.ts';
import { parseId } from '@anchor/core/names/id.ts';
import { fail, ok } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../../context.ts';
import { deployAgain } from '../../deployments/deploy-again.ts';
import type { HandlersOf } from '../handler.ts';
import { pageRequest } from '../page-request.ts';
import { compact, deadLetterView, pageView } from '../views/views.ts';

export function deadLetterHandlers({ ports }: ServerContext): HandlersOf<Api['deadLetters']> {
  return {
    list: async ({ query }) => ok(pageView(await ports.queue.dead(pageRequest(query)), deadLetterView)),
    revive: async ({ params }) => {
      const id = parseId('job', params.job);
      if (id !== undefined) await deployAgain(ports, id);
      return id !== undefined && (await ports.queue.revive(id)) ? ok(undefined) : fail('not_found', 'There is no such dead letter', 'GET /api/dead-letters lists them.');
    },
  };
}

export function platformHandlers({ ports, home, settings, startedAt }: ServerContext): HandlersOf<Api['platform']> {
  const description = { ...openApi(endpoints, { version: settings.version, server: settings.publicUrl }) };
  return {
    health: async () => ok({ status: 'ok', version: settings.version }),
    status: async () => {
      const [queue, disk, checks] = await Promise.all([ports.queue.depth(), home.disk(), home.checks()]);
      return ok({ version: settings.version, node: process.version, startedAt, ok: checks.every((check) => check.ok), disk, queue, checks: checks.map((check) => compact(check)) });
    },
    openapi: async () => ok(description),
    gc: async ({ body }) => {
      const dryRun = body.dryRun === true;
      const report = await home.gc({ dryRun });
      if (!report.ok) return report;
      const { artifacts, records, deliveries, blobs, bytes } = report.value;
      return ok({ dryRun, deployments: [...artifacts], records: records.length, deliveries, blobs, bytes });
    },
    backup: async ({ signal }) => home.backup(signal),
    restore: async ({ content }) => home.restore?.(content) ?? fail('unsupported', 'This home can not restore a backup', 'Restore it on a machine of your own: anchor restore FILE.'),
  };
}
