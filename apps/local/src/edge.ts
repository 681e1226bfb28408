import { joinEdgeGroup } from '@anchor/adapter-local/sandbox/edge-group.ts';
import { createFunctionHostClient } from '@anchor/adapter-local/functions/client.ts';
import { openBlobStore } from '@anchor/adapter-local/blob-store.ts';
import { pathsIn } from '@anchor/adapter-local/paths.ts';
import { openRouteTable } from '@anchor/adapter-local/route-table.ts';
import { systemClock } from '@anchor/core/ports/clock.ts';
import { createEdge } from '@anchor/edge/edge.ts';
import { DEFAULT_EDGE_SETTINGS } from '@anchor/edge/settings.ts';
import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { openAccessLog } from './access-log.ts';
import { Fatal, runProcess } from './process.ts';
import { settingsFromEnv } from './settings.ts';

/** One worker of the edge. Needs nobody but the files: it goes on while server and host are away. */
runProcess(async () => {
  const settings = settingsFromEnv(process.env);
  const worker = Number(process.env['ANCHOR_WORKER'] ?? '0');
  const paths = pathsIn(settings.data);
  mkdirSync(paths.run, { recursive: true, mode: 0o700 });
  const blobs = openBlobStore(paths.blobs);
  const routes = openRouteTable(paths.database);
  const functions = createFunctionHostClient(paths.hostSocket);
  const access = openAccessLog(paths.logs, worker);
  const edge = createEdge({
    routes, functions, clock: systemClock, settings: { ...DEFAULT_EDGE_SETTINGS, functionTurns: settings.functionTurns, trustedProxies: settings.trustedProxies },
    assets: { open: (hash) => ({ path: blobs.pathOf(hash) }) },
    tagLog: (deployment) => join(paths.deploymentCache(deployment), 'tags.log'),
    accessLog: access.write,
    accessLine: access.lineOf,
  });
  const group = joinEdgeGroup(settings.data);
  try {
    await edge.listen({ host: settings.host, port: settings.edgePort, reusePort: true, control: paths.edgeSocket(worker) });
  } catch (error) {
    group.leave();
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'EADDRINUSE' || code === 'EACCES') throw new Fatal(`The edge can not listen on ${settings.host}:${settings.edgePort} (${String(code)}). Free the port, or choose another with --edge-port.`);
    throw error;
  }
  let seen = 0;
  return {
    // One visitor after the other is no rest, however little there is to do for them: to collect ends optimized code.
    busy() {
      const before = seen;
      seen = edge.requests();
      return seen !== before;
    },
    async stop() {
      await edge.close();
      routes.close();
      functions.close();
      await access.close();
      group.leave();
    },
  };
});
