import { diskCapacity } from '@anchor/adapter-local/disk/disk-capacity.ts';
import { certificateWarnings } from '@anchor/core/domains/certificate-watch.ts';
import { clockWarning } from '@anchor/core/domains/clock-warning.ts';
import { parseHostName } from '@anchor/core/names/name.ts';
import type { HealthCheck } from '@anchor/core/ports/platform-operations.ts';
import type { Sandboxes } from '@anchor/core/ports/sandbox.ts';
import type { Result } from '@anchor/core/result/result.ts';
import type { LocalComposition } from './compose.ts';
import type { Settings } from './settings.ts';

const EDGE_MS = 2_000;
const MAX_LISTED_RECORDS = 100;
/** A host without a site: the edge itself responds. */
const PROBE = parseHostName('anchor-doctor.invalid');
const LIST_DEAD_LETTERS = 'List them with: anchor dead-letters list';

/** Checks every part of a one-machine installation, for `anchor doctor`. */
export async function healthChecks(
  { ports, paths, functions }: LocalComposition,
  sandboxes: Sandboxes,
  settings: Settings,
): Promise<readonly HealthCheck[]> {
  const [sandbox, space, host, edge] = await Promise.all([
    sandboxes.available(),
    diskCapacity(paths.data, settings.minFreeDiskMb).checkSpaceForBuild(),
    functions.status(),
    PROBE.ok ? ports.probe.request(PROBE.value, '/', EDGE_MS) : PROBE,
  ]);
  const depth = await ports.queue.depth();
  const warnings = certificateWarnings(await ports.certificates.list(), ports.clock.now());
  const clock = clockWarning(ports.certificates.clockSkewMs());
  const failed = (await ports.failedRecords.list({ limit: MAX_LISTED_RECORDS })).items.length;
  return [
    settings.unsafeNoSandbox
      ? {
          name: 'sandbox',
          ok: false,
          message: 'Builds and functions are not isolated (--unsafe-no-sandbox)',
          fix: 'Start without the flag on a machine that can isolate them.',
        }
      : check('sandbox', 'builds and functions are isolated', sandbox),
    check('disk', 'enough free space for builds', space),
    check('functions', host.ok ? `${host.value.instances.length} running` : '', host),
    check('edge', `responds on ${settings.host}:${settings.edgePort}`, edge),
    {
      name: 'queue',
      ok: depth.dead === 0,
      message: `${depth.pending} waiting, ${depth.leased} running, ${depth.dead} given up`,
      ...(depth.dead === 0 ? {} : { fix: LIST_DEAD_LETTERS }),
    },
    {
      name: 'records',
      ok: failed === 0,
      message: failedRecords(failed),
      ...(failed === 0 ? {} : { fix: LIST_DEAD_LETTERS }),
    },
    {
      name: 'certificates',
      ok: warnings.length === 0,
      message: warnings.map(({ message }) => message).join('; ') || 'all renewed in time',
      ...(warnings[0] === undefined ? {} : { fix: warnings[0].fix }),
    },
    {
      name: 'clock',
      ok: clock === undefined,
      message: clock?.message ?? 'no CA has another time',
      ...(clock === undefined ? {} : { fix: clock.fix }),
    },
  ];
}

function check(name: string, good: string, result: Result<unknown>): HealthCheck {
  if (result.ok) return { name, ok: true, message: good };
  const { message, cause, fix } = result.error;
  return { name, ok: false, message: cause === undefined ? message : `${message}: ${cause}`, fix };
}

function failedRecords(count: number): string {
  if (count === 0) return 'all records are processed';
  const many = count === MAX_LISTED_RECORDS ? `${MAX_LISTED_RECORDS} or more` : String(count);
  return `${many} stored record${count === 1 ? '' : 's'} could not be processed`;
}
