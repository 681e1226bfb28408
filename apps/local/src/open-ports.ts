import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openBlobStore, type LocalBlobStore } from '@anchor/adapter-local/blob-store.ts';
import { openDatabase, type Database } from '@anchor/adapter-local/database.ts';
import { diskRoom } from '@anchor/adapter-local/disk-room.ts';
import { localEdgeProbe } from '@anchor/adapter-local/edge-probe.ts';
import { createFunctionHostClient, type FunctionHostClient } from '@anchor/adapter-local/functions/client.ts';
import { openIntake } from '@anchor/adapter-local/intake.ts';
import { openJobQueue } from '@anchor/adapter-local/job-queue.ts';
import { openLogStore } from '@anchor/adapter-local/log-store.ts';
import { emitModules } from '@anchor/adapter-local/modules.ts';
import { pathsIn, type Paths } from '@anchor/adapter-local/paths.ts';
import { openRepositories } from '@anchor/adapter-local/repositories.ts';
import { openSecretBox } from '@anchor/adapter-local/secret-box.ts';
import { openStores } from '@anchor/adapter-local/stores.ts';
import { createBuilder, type Builder } from '@anchor/builder/create-builder.ts';
import { createCompressor } from '@anchor/builder/output/compressor.ts';
import { createNodes } from '@anchor/builder/tools/nodes.ts';
import { createNpm } from '@anchor/builder/tools/npm.ts';
import { createTools } from '@anchor/builder/tools/package-managers.ts';
import { systemClock } from '@anchor/core/ports/clock.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import type { Sandboxes } from '@anchor/core/ports/sandbox.ts';
import { Fatal } from './process.ts';
import { seedNode } from './seed-node.ts';
import type { Settings } from './settings.ts';

/** Everything that the server process works with; `close` in the order of use. */
export type Opened = Readonly<{ ports: Ports; paths: Paths; db: Database; blobs: LocalBlobStore; builder: Builder; functions: FunctionHostClient; /** Ends downloads of Node versions and package managers. */ abortFetches(): void; close(): void }>;

/** Makes every adapter of the one-machine home, with the sandboxes given. */
export async function openPorts(settings: Settings, sandboxes: Sandboxes, env: NodeJS.ProcessEnv): Promise<Opened> {
  const paths = pathsIn(settings.data);
  for (const directory of [paths.data, paths.run, paths.temporary]) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const secrets = await openSecretBox(paths.key);
  if (!secrets.ok) throw new Fatal(`${secrets.error.message}. ${secrets.error.fix}`);
  const db = openDatabase(paths.database);
  if (!db.ok) throw new Fatal(`${db.error.message}: ${db.error.cause ?? ''}. ${db.error.fix}`);

  const blobs = openBlobStore(paths.blobs);
  const ending = new AbortController();
  const npm = createNpm({ cache: join(paths.data, 'npm-cache'), environment: npmEnvironment(env, paths), signal: ending.signal });
  const modules = await emitModules(paths);
  const functions = createFunctionHostClient(paths.hostSocket);
  await seedNode(paths.nodes);
  const nodes = createNodes({ dir: paths.nodes, npm });
  const builder = createBuilder({
    nodes,
    sandboxes, blobs, modules: modules.runtimeDir, temporary: paths.temporary, repository: paths.repository,
    tools: createTools({ dir: join(paths.data, 'tools'), npm }),
    compressor: createCompressor({ blobs, dir: join(paths.data, 'compressed') }),
    limits: { memoryMb: settings.buildMemoryMb, cpus: settings.buildCpus, processes: settings.buildProcesses, diskMb: settings.buildDiskMb, minutes: settings.buildMinutes },
    allowHosts: settings.allowGitHosts, allowNetworks: settings.allowNetworks,
    ...(settings.trustStore === undefined ? {} : { trustStore: settings.trustStore }),
    ...(env['PATH'] === undefined ? {} : { path: env['PATH'] }),
  });
  const queue = openJobQueue(db.value, systemClock);
  const ports: Ports = {
    ...openStores(db.value),
    blobs, builds: builder, functions, secrets: secrets.value, clock: systemClock,
    queue,
    intake: openIntake(db.value, queue),
    logs: openLogStore(paths.logs),
    repositories: openRepositories(paths),
    capacity: diskRoom(paths.data, settings.minFreeDiskMb),
    probe: localEdgeProbe({
      host: settings.host === '0.0.0.0' ? '127.0.0.1' : settings.host, port: settings.edgePort,
      controlSockets: () => Array.from({ length: settings.edgeWorkers }, (_, worker) => paths.edgeSocket(worker)),
    }),
    site: { domain: settings.domain, urlOf: (host) => `http://${host}${settings.edgePort === 80 ? '' : `:${settings.edgePort}`}`, allowGitHosts: settings.allowGitHosts },
  };
  return {
    ports, paths, db: db.value, blobs, builder, functions,
    abortFetches: () => ending.abort(),
    close() {
      functions.close();
      db.value.close();
    },
  };
}

/** The platform's own npm gets the machine's proxy and certificate settings, and nothing else of its environment. */
function npmEnvironment(env: NodeJS.ProcessEnv, paths: Paths): Record<string, string> {
  const passed = ['PATH', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy', 'NODE_EXTRA_CA_CERTS', 'npm_config_registry'];
  const result: Record<string, string> = { HOME: paths.temporary };
  for (const name of passed) {
    const value = env[name];
    if (value !== undefined) result[name] = value;
  }
  return result;
}
