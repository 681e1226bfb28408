import { command, done } from '../framework/command.ts';
import { bytes, count } from '../output/units.ts';

export const gc = command({
  name: 'gc',
  summary: 'Remove what retention no longer keeps',
  details: 'Never what an address points at, nor the last 10 rollback targets. The platform does this by itself every six hours.',
  options: { dryRun: { kind: 'flag', help: 'only say what would go' } },
  examples: ['anchor gc --dry-run'],
  async run(context, { dryRun }) {
    const client = await context.client();
    if (!client.ok) return client;
    const report = await client.value.platform.gc({ dryRun }, { signal: context.signal });
    if (!report.ok) return report;
    const { deployments, records, blobs, bytes: size } = report.value;
    return done(report.value, `${dryRun ? 'Would remove' : 'Removed'} the files of ${count(deployments.length, 'deployment')}, ${count(records, 'record')} and ${count(blobs, 'blob')}: ${bytes(size)}`, ...deployments.map((id) => `  ${id}`));
  },
});
