import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { systemClock } from '@anchor/core/ports/clock.ts';
import { aliasStore } from '@anchor/adapter-local/aliases.ts';
import { openBlobStore } from '@anchor/adapter-local/blob-store.ts';
import { deploymentStore } from '@anchor/adapter-local/deployments.ts';
import { nodesIn } from '@anchor/adapter-local/functions/node-versions.ts';
import { createFunctionHostServer } from '@anchor/adapter-local/functions/server.ts';
import { DEFAULT_HOST_SETTINGS } from '@anchor/adapter-local/functions/settings.ts';
import { createTrees } from '@anchor/adapter-local/functions/tree.ts';
import { openLogStore } from '@anchor/adapter-local/log-store.ts';
import { emitModules } from '@anchor/adapter-local/modules.ts';
import { pathsIn } from '@anchor/adapter-local/paths.ts';
import { projectStore } from '@anchor/adapter-local/projects.ts';
import { openSecretBox } from '@anchor/adapter-local/secret-box.ts';
import { openReader } from './open-reader.ts';
import { Fatal, runProcess } from './process.ts';
import { openSandboxes } from './sandboxes.ts';
import { settingsFromEnv } from './settings.ts';
import { waitForFile } from './wait-for-file.ts';

const WARM_NETWORKS = 3;

/** The process that starts and stops functions. Reads the platform's database, writes only logs. */
runProcess(async () => {
  const settings = settingsFromEnv(process.env);
  const paths = pathsIn(settings.data);
  mkdirSync(paths.run, { recursive: true, mode: 0o700 });
  // The server makes database and key at the first start.
  await waitForFile(paths.key);
  const db = await openReader(paths.database);
  const secrets = await openSecretBox(paths.key);
  if (!secrets.ok) throw new Fatal(`${secrets.error.message}. ${secrets.error.fix}`);
  const sandboxes = openSandboxes(settings);
  const available = await sandboxes.available();
  if (!available.ok) throw new Fatal(`${available.error.message}. ${available.error.fix}`);
  await sandboxes.sweep();
  // A request that wakes a function must not wait for a network to be made.
  void sandboxes.warm(WARM_NETWORKS);
  const blobs = openBlobStore(paths.blobs);
  const modules = await emitModules(paths);
  const host = await createFunctionHostServer({
    paths, sandboxes, blobs, secrets: secrets.value, clock: systemClock, modules: modules.runtimeDir,
    deployments: deploymentStore(db), projects: projectStore(db), aliases: aliasStore(db), logs: openLogStore(paths.logs),
    trees: createTrees(paths, { blobs, blobFile: blobs.pathOf }), nodes: nodesIn(paths),
    settings: {
      ...DEFAULT_HOST_SETTINGS, cores: availableParallelism(), memoryMb: settings.functionMemoryMb, allow: settings.allowNetworks,
      waiting: settings.waitingFunctions, waitingMb: settings.waitingMemoryMb, waitingMs: settings.waitingMinutes * 60_000,
    },
  });
  if (!host.ok) throw new Error(`${host.error.message}: ${host.error.cause ?? ''}`);
  return {
    async stop() {
      await host.value.close();
      await sandboxes.close();
      await sandboxes.sweep();
      db.close();
    },
  };
});
