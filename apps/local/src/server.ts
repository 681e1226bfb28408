import { join } from 'node:path';
import { moveToDomain } from '@anchor/core/aliases/move-to-domain.ts';
import { recover } from '@anchor/core/deployments/recover.ts';
import { createServer } from '@anchor/server/server.ts';
import { DEFAULT_LIMITS } from '@anchor/server/settings.ts';
import { createWorker } from '@anchor/server/worker.ts';
import { ensureAdminToken } from './admin-token.ts';
import { openLineLog } from './line-log.ts';
import { localHome } from './local-home.ts';
import { openPorts } from './open-ports.ts';
import { Fatal, runProcess } from './process.ts';
import { openSandboxes } from './sandboxes.ts';
import { settingsFromEnv } from './settings.ts';
import { upkeep } from './upkeep.ts';
import { VERSION } from './version.ts';

/** A git that outlived a killed server has stored its refs by then. */
const LATE_GIT_MS = 30_000;

/** The control plane: API, webhooks, git remote, builds. Can be killed at any instruction. */
runProcess(async () => {
  const settings = settingsFromEnv(process.env);
  const sandboxes = openSandboxes(settings);
  const available = await sandboxes.available();
  if (!available.ok) throw new Fatal(`${available.error.message}${available.error.cause === undefined ? '' : `: ${available.error.cause}`}. ${available.error.fix}`);
  await sandboxes.sweep();
  const opened = await openPorts(settings, sandboxes, process.env);
  const { ports } = opened;
  await opened.blobs.sweep();
  await ensureAdminToken(ports, settings.data);
  await moveToDomain(ports)();
  await recover(ports)();

  const log = (entry: object): void => console.error(JSON.stringify({ at: new Date().toISOString(), process: 'server', ...entry }));
  const home = localHome(opened, sandboxes, settings, process.env, (directory) => process.send?.({ type: 'restore', directory }));
  const worker = createWorker(ports, { builds: settings.builds, leaseMs: 60_000, watchMs: 500, report: (message) => log({ level: 'error', message }) });
  const publicHost = settings.host === '0.0.0.0' ? '127.0.0.1' : settings.host;
  const accessLog = openLineLog(join(opened.paths.logs, 'api-access.jsonl'));
  const server = createServer({ ports, home, log, access: (line) => accessLog.write(`${JSON.stringify(line)}\n`), settings: { publicUrl: `http://${publicHost}:${settings.apiPort}`, version: VERSION, limits: DEFAULT_LIMITS } });
  await server.recoverPushes();
  const lateGit = setTimeout(() => void server.recoverPushes().catch((error: unknown) => log({ level: 'error', message: `pushes could not be looked through: ${String(error)}` })), LATE_GIT_MS);
  const listening = await server.listen({ host: settings.host, port: settings.apiPort });
  if (!listening.ok) throw new Fatal(`${listening.error.message} (${listening.error.cause ?? ''}). ${listening.error.fix}`);
  worker.start();
  const cleaning = upkeep({ run: () => home.gc({ dryRun: false }), busy: () => worker.running() > 0, report: (error) => log({ level: 'error', message: `clean-up failed: ${String(error)}` }) });
  return {
    busy: () => worker.running() > 0,
    async stop() {
      cleaning.stop();
      clearTimeout(lateGit);
      await server.close();
      await accessLog.close();
      const stopped = worker.stop();
      // after the builds know that they are given back, so that none takes this for a failure of its own
      opened.abortFetches();
      await stopped;
      await opened.builder.idle();
      await sandboxes.close();
      await sandboxes.sweep();
      opened.close();
    },
  };
});
