import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { systemClock } from '@anchor/core/ports/clock.ts';
import { aliasStore } from '@anchor/adapter-local/sqlite/stores/aliases.ts';
import { openBlobStore } from '@anchor/adapter-local/blobs/blob-store.ts';
import { deploymentStore } from '@anchor/adapter-local/sqlite/stores/deployments.ts';
import { nodesIn } from '@anchor/function-host/node-versions.ts';
import { createFunctionHostServer } from '@anchor/function-host/server.ts';
import { DEFAULT_HOST_SETTINGS, type FunctionHostSettings } from '@anchor/function-host/settings.ts';
import { createFileTrees } from '@anchor/function-host/file-trees.ts';
import { openLogStore } from '@anchor/adapter-local/logs/log-store.ts';
import { emitModules } from '@anchor/function-host/modules.ts';
import { pathsIn } from '@anchor/adapter-local/paths.ts';
import { projectStore } from '@anchor/adapter-local/sqlite/stores/projects.ts';
import { openSecretBox } from '@anchor/adapter-local/secrets/secret-box.ts';
import { openReadonlyDatabase } from './open-readonly-database.ts';
import { Fatal, runProcess } from './process.ts';
import { openSandboxes } from './sandboxes.ts';
import { settingsFromEnv } from './settings.ts';
import { functionTuning } from './tuning/functions.ts';
import { waitForFile } from './wait-for-file.ts';

const WARM_NETWORKS = 3;

/** Runs the process that starts and stops functions. Reads the platform's database, writes only logs. */
runProcess(async () => {
  const settings = settingsFromEnv(process.env);
  const paths = pathsIn(settings.data);
  mkdirSync(paths.run, { recursive: true, mode: 0o700 });
  // The server makes database and key at the first start.
  await waitForFile(paths.key);
  const db = await openReadonlyDatabase(paths.database);
  const secrets = await openSecretBox(paths.key);
  if (!secrets.ok) throw new Fatal(`${secrets.error.message}. ${secrets.error.fix}`);
  const sandboxes = openSandboxes(settings);
  const available = await sandboxes.available();
  if (!available.ok)
    throw new Fatal(
      `${available.error.message}${available.error.cause === undefined ? '' : `: ${available.error.cause}`}. ${available.error.fix}`,
    );
  await sandboxes.sweep();
  // A request that wakes a function must not wait for a network to be made.
  void sandboxes.warm(WARM_NETWORKS);
  const blobs = openBlobStore(paths.blobs);
  const modules = await emitModules(paths);
  const hostSettings: FunctionHostSettings = {
    ...DEFAULT_HOST_SETTINGS,
    cores: availableParallelism(),
    memoryMb: settings.functionMemoryMb,
    allowedCidrs: settings.allowNetworks,
    projectShare: settings.projectMemoryPercent / 100,
    cacheMb: settings.functionDiskMb,
    reserveMb: settings.diskReserveMb,
    prewarmMax: settings.prewarmMax,
    prewarmMemoryMb: settings.prewarmMemoryMb,
    prewarmTtlMs: settings.prewarmTtlMinutes * 60_000,
    tuning: functionTuning(process.env),
  };
  const host = await createFunctionHostServer({
    paths,
    sandboxes,
    blobs,
    secrets: secrets.value,
    clock: systemClock,
    modules: modules.runtimeDir,
    deployments: deploymentStore(db),
    projects: projectStore(db),
    aliases: aliasStore(db),
    logs: openLogStore(paths.logs),
    trees: createFileTrees(paths, { blobs, blobFile: blobs.pathOf }),
    nodes: nodesIn(paths),
    settings: hostSettings,
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
