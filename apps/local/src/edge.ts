import { joinEdgeGroup } from '@anchor/sandbox-linux/edge-group.ts';
import { limitOwnMemory } from '@anchor/sandbox-linux/memory-limit.ts';
import { FunctionHostClient } from '@anchor/function-host/client.ts';
import { openCertificateTable } from '@anchor/adapter-local/certificates/local-certificate-table.ts';
import { openBlobStore } from '@anchor/adapter-local/blobs/blob-store.ts';
import { pathsIn } from '@anchor/adapter-local/paths.ts';
import { openRouteTable } from '@anchor/adapter-local/routes/route-table.ts';
import { systemClock } from '@anchor/core/ports/clock.ts';
import { createEdge, type Edge } from '@anchor/edge/server/edge.ts';
import { DEFAULT_EDGE_SETTINGS, type EdgeSettings } from '@anchor/edge/util/settings.ts';
import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { TAG_LOG_FILE } from '@anchor/protocol/tag-invalidations.ts';
import { openAccessLog } from './access-log.ts';
import { Fatal, runProcess } from './process.ts';
import { settingsFromEnv, type Settings } from './settings.ts';
import { EDGE } from './tuning/edge.ts';
import { isOn } from './tuning/tuning.ts';

/** Runs one worker of the edge. Needs only files: it keeps running while server and host are down. */
runProcess(async () => {
  const settings = settingsFromEnv(process.env);
  const worker = Number(process.env['ANCHOR_WORKER'] ?? '0');
  const paths = pathsIn(settings.data);
  try {
    mkdirSync(paths.run, { recursive: true, mode: 0o700 });
  } catch {
    // A disk that takes no more: what is there is served.
  }
  const blobs = openBlobStore(paths.blobs);
  const routes = openRouteTable(paths.database, paths.routes);
  const functions = new FunctionHostClient(paths.hostSocket);
  const table = await openCertificateTable({
    directory: paths.edgeCertificates,
    keyFile: paths.edgeKey,
    clock: systemClock,
  });
  if (!table.ok && settings.httpsPort !== undefined) console.error(`HTTPS is off: ${table.error.message}`);
  const certificates = table.ok ? table.value : undefined;
  const access = openAccessLog(paths.logs, worker);
  const edge = createEdge({
    routes,
    functions,
    clock: systemClock,
    settings: edgeSettings(settings, process.env),
    assets: { open: (hash) => ({ path: blobs.pathOf(hash) }) },
    tagLog: (deployment) => join(paths.deploymentCache(deployment), TAG_LOG_FILE),
    siteLog: (...line) => functions.note(...line),
    accessLog: access.write,
    compileAccessLine: access.lineOf,
    ...(certificates === undefined ? {} : { certificates }),
    ...(settings.apiDomain === undefined ? {} : { tunnels: new Map([[settings.apiDomain, paths.apiSocket]]) }),
  });
  const group = isOn(EDGE.sharedGroup, process.env) ? joinEdgeGroup(settings.data) : undefined;
  await limitOwnMemory(settings.edgeMemoryMb);
  try {
    await listen(edge, settings, paths.edgeSocket(worker));
  } catch (error) {
    group?.leave();
    throw error;
  }
  let seen = 0;
  return {
    // A steady trickle of requests is not idle time, however little work it makes: a collection drops optimized code.
    busy() {
      const before = seen;
      seen = edge.requests();
      return seen !== before;
    },
    async stop() {
      await edge.close();
      routes.close();
      certificates?.close();
      functions.close();
      await access.close();
      group?.leave();
    },
  };
});

function edgeSettings(settings: Settings, env: NodeJS.ProcessEnv): EdgeSettings {
  return {
    ...DEFAULT_EDGE_SETTINGS,
    roundRobinInstances: settings.functionRoundRobin,
    trustedProxies: settings.trustedProxies,
    proxyProtocolFrom: settings.proxyProtocolFrom,
    clientConnections: settings.clientConnections,
    projectInflight: settings.projectInflight,
    silentMs: settings.silentSeconds * 1_000,
    maxBodyBytes: settings.bodyMb * 1_048_576,
    // For measurements alone, so no settings: what each of the two is worth.
    responseMemo: env['ANCHOR_EDGE_RESPONSE_MEMO'] !== 'off',
    sharedReadBuffer: env['ANCHOR_EDGE_SHARED_READ'] !== 'off',
  };
}

async function listen(edge: Edge, { host, edgePort: port, httpsPort }: Settings, control: string): Promise<void> {
  try {
    await edge.listen({
      host,
      port,
      reusePort: true,
      control,
      ...(httpsPort === undefined ? {} : { httpsPort }),
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'EADDRINUSE' || code === 'EACCES')
      throw new Fatal(
        `The edge cannot listen on ${host}:${port}${httpsPort === undefined ? '' : ` or ${host}:${httpsPort}`} (${String(code)}). Free the port, or choose another with --edge-port or --https-port.`,
      );
    throw error;
  }
}
