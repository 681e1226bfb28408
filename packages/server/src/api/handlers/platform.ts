import { openApi } from '@anchor/client/openapi/openapi.ts';
import { endpoints, type Api } from '@anchor/client/endpoints/table.ts';
import { parseId } from '@anchor/core/names/id.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../../context.ts';
import { redeployDeadLetter } from '../../deployments/redeploy.ts';
import type { HandlersOf } from '../handler.ts';
import { pageRequest } from '../page-request.ts';
import { compact, deadLetterView, pageView } from '../views/views.ts';

export function deadLetterHandlers({ ports, records }: ServerContext): HandlersOf<Api['deadLetters']> {
  const missing = fail('not_found', 'There is no such failed record', 'List them with: anchor dead-letters list');
  const byUser =
    (act: 'retry' | 'drop') =>
    async ({
      params: { kind, id },
    }: Readonly<{ params: Readonly<{ kind: string; id: string }> }>): Promise<Result<void>> => {
      const handler = records.get(kind);
      const known = await ports.failedRecords.get(kind, id);
      if (handler === undefined || known === undefined) return missing;
      // Processed as if it had never failed; new failures are counted from zero.
      await ports.failedRecords.clear(kind, id);
      const done = await handler[act](id);
      if (!done.ok && (await ports.failedRecords.get(kind, id)) === undefined)
        await ports.failedRecords.fail({ ...known, why: done.error.cause ?? done.error.message, now: known.since });
      return done;
    };
  return {
    records: {
      list: async ({ query }) =>
        ok(pageView(await ports.failedRecords.list(pageRequest(query)), (record) => compact(record))),
      retry: byUser('retry'),
      drop: byUser('drop'),
    },
    drop: async ({ params }) => {
      const id = parseId('job', params.job);
      return id !== undefined && (await ports.queue.forget(id))
        ? ok(undefined)
        : fail('not_found', 'There is no such dead letter', 'List them with: anchor dead-letters list');
    },
    list: async ({ query }) => ok(pageView(await ports.queue.dead(pageRequest(query)), deadLetterView)),
    revive: async ({ params }) => {
      const id = parseId('job', params.job);
      if (id !== undefined) await redeployDeadLetter(ports, id);
      return id !== undefined && (await ports.queue.redrive(id))
        ? ok(undefined)
        : fail('not_found', 'There is no such dead letter', 'GET /api/dead-letters lists them.');
    },
  };
}

export function platformHandlers({
  ports,
  operations,
  settings,
  startedAt,
}: ServerContext): HandlersOf<Api['platform']> {
  const description = { ...openApi(endpoints, { version: settings.version, server: settings.publicUrl }) };
  return {
    health: async () => ok({ status: 'ok', version: settings.version }),
    status: async () => {
      const [queue, disk, checks] = await Promise.all([ports.queue.depth(), operations.disk(), operations.checks()]);
      return ok({
        version: settings.version,
        node: process.version,
        startedAt,
        ok: checks.every((check) => check.ok),
        disk,
        queue: { waiting: queue.pending, leased: queue.leased, dead: queue.dead },
        checks: checks.map((check) => compact(check)),
      });
    },
    openapi: async () => ok(description),
    gc: async ({ body }) => {
      const dryRun = body.dryRun === true;
      const report = await operations.gc({ dryRun, caches: body.caches === true, force: body.force === true });
      if (!report.ok) return report;
      const { artifacts, records, deliveries, blobs, bytes, held, caches } = report.value;
      return ok({
        dryRun,
        deployments: [...artifacts],
        records: records.length,
        deliveries,
        blobs,
        bytes,
        ...(held === undefined ? {} : { held: { ...held } }),
        caches: caches.map(({ projects, ...kind }) =>
          compact({ ...kind, projects: projects?.map((each) => ({ ...each })) }),
        ),
      });
    },
    backup: async ({ signal }) => operations.backup(signal),
    restore: async ({ content }) =>
      operations.restore?.(content) ??
      fail(
        'unsupported',
        'This installation cannot restore a backup',
        'Restore it on a machine of your own: anchor restore FILE.',
      ),
  };
}
