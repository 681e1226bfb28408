import type { GcReport } from '@anchor/client/schemas/platform.ts';
import { command, success } from '../framework/command.ts';
import { table } from '../output/table.ts';
import { ago, bytes, count } from '../output/units.ts';

export const gc = command({
  name: 'gc',
  summary: 'Remove expired artifacts and records, and caches over their limits',
  details:
    'Never removes what an address points at, the last 10 rollback targets, or a cache that a build uses. The platform\ncleans up by itself every six hours, and frees build caches before it refuses a build for lack of disk space. The output\nhas the size of every kind of cache. The limits of build caches are --build-cache-mb per project and --build-caches-mb\nfor all projects.',
  options: {
    dryRun: { kind: 'flag', help: 'only show what would be removed' },
    caches: {
      kind: 'flag',
      help: 'also free caches that are within their limits: the next build of each project takes longer',
    },
    force: {
      kind: 'flag',
      help: 'remove also when a check refused: no record explains why so much is unused, or the clock jumped',
    },
  },
  examples: ['anchor gc --dry-run', 'anchor gc --caches'],
  async run(context, { dryRun, caches, force }) {
    const client = await context.client();
    if (!client.ok) return client;
    const report = await client.value.platform.gc({ dryRun, caches, force }, { signal: context.signal });
    if (!report.ok) return report;
    const { deployments, records, blobs, bytes: size, held } = report.value;
    return success(
      report.value,
      `${dryRun ? 'Would remove' : 'Removed'} the files of ${count(deployments.length, 'deployment')}, ${count(records, 'record')} and ${count(blobs, 'blob')}: ${bytes(size)}`,
      ...deployments.map((id) => `  ${id}`),
      ...(held === undefined ? [] : [`Held back: ${held.reason}.`, `  fix: ${held.fix}`]),
      ...cacheLines(report.value),
    );
  },
});

function cacheLines({ caches, dryRun }: GcReport): readonly string[] {
  const freed = dryRun ? 'would be freed' : 'freed';
  const kinds = caches.map(({ kind, bytes: size, limitBytes, freedBytes }) => [
    kind,
    bytes(size),
    limitBytes === undefined ? '' : bytes(limitBytes),
    bytes(freedBytes),
  ]);
  const projects = caches
    .flatMap((kind) => kind.projects ?? [])
    .map((each) => [
      each.project,
      bytes(each.bytes),
      each.inUse ? 'now' : ago(each.usedAt, Date.now()),
      each.freed ? freed : '',
    ]);
  return [
    ...(kinds.length === 0 ? [] : ['', ...table(['caches', 'size', 'limit', freed], kinds)]),
    ...(projects.length === 0 ? [] : ['', ...table(['build cache of', 'size', 'last build', ''], projects)]),
  ];
}
