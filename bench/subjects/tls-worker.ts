import { openCertificateTable } from '@anchor/adapter-local/certificates/local-certificate-table.ts';
import { createEdge } from '@anchor/edge/server/edge.ts';
import { DEFAULT_EDGE_SETTINGS } from '@anchor/edge/util/settings.ts';
import type { DeploymentId, ProjectId } from '@anchor/core/names/id.ts';
import type { HostName } from '@anchor/core/names/name.ts';
import { systemClock } from '@anchor/core/ports/clock.ts';
import { fail } from '@anchor/core/result/result.ts';
import { join } from 'node:path';
import { openAccessLog } from '../../apps/local/src/access-log.ts';
import type { TlsWorkerSpec } from './tls-edge.ts';

/** One worker of the edge alone, which serves one site at every host. Its specification is its first argument. */
const spec = JSON.parse(process.argv[2] ?? '{}') as TlsWorkerSpec;
const startedAt = performance.now();
const table = await openCertificateTable({
  directory: spec.certificates,
  keyFile: spec.keyFile,
  clock: systemClock,
});
if (!table.ok) throw new Error(table.error.message);
const log = openAccessLog(spec.directory, spec.worker);
const route = {
  host: 'bench.localhost' as HostName,
  projectId: 'prj_00000000000000000001' as ProjectId,
  deploymentId: 'dpl_00000000000000000001' as DeploymentId,
  artifact: spec.artifact,
  previous: [],
};
const edge = createEdge({
  routes: { lookup: () => route, generation: () => 0, refresh: () => undefined, close: () => undefined },
  functions: {
    acquire: () => Promise.resolve(fail('unsupported', 'There are no functions', 'Request a file.')),
    touch: () => Promise.resolve([]),
    stop: () => Promise.resolve(),
  },
  assets: { open: (hash) => ({ path: join(spec.directory, hash) }) },
  settings: DEFAULT_EDGE_SETTINGS,
  clock: systemClock,
  tagLog: (id) => join(spec.directory, `${id}.tags`),
  accessLog: log.write,
  compileAccessLine: log.lineOf,
  certificates: table.value,
});
await edge.listen({
  host: '127.0.0.1',
  port: spec.port,
  httpsPort: spec.httpsPort,
  reusePort: true,
  control: spec.control,
});
process.send?.({ startMs: performance.now() - startedAt });
process.on('SIGTERM', () => process.exit());
