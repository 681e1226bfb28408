import { writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { migrateAliasDomain } from '@anchor/core/aliases/migrate-domain.ts';
import { ensureDefaultTeam } from '@anchor/core/people/default-team.ts';
import { BlobScrub } from '@anchor/adapter-local/blobs/blob-scrub.ts';
import type { CertificatePublisher } from '@anchor/adapter-local/certificates/certificate-publisher.ts';
import { pathsIn } from '@anchor/adapter-local/paths.ts';
import { sweepScratch } from '@anchor/adapter-local/backup/backup-stage.ts';
import { checkState } from '@anchor/adapter-local/backup/platform-state.ts';
import { aliasGeneration } from '@anchor/adapter-local/sqlite/stores/aliases.ts';
import { keepRouteSnapshot } from '@anchor/adapter-local/routes/route-snapshot.ts';
import { gitRemote } from '@anchor/git-host-local/remote/git-remote.ts';
import { createServer } from '@anchor/server/server.ts';
import { DEFAULT_LIMITS, type ServerSettings } from '@anchor/server/settings.ts';
import { createWorker } from '@anchor/server/worker.ts';
import { DomainUpkeep } from './domain-upkeep.ts';
import { ensureAdminToken } from './admin-token.ts';
import { keepFirstOwnerInvitation, platformId } from './first-owner.ts';
import { RotatingFile } from './rotating-file.ts';
import { MetricsUpkeep } from './metrics-upkeep.ts';
import { hostedGit } from './hosted-git.ts';
import { LocalOperations } from './local-operations.ts';
import { composeLocal, type LocalComposition } from './compose.ts';
import { Fatal, orFatal, runProcess } from './process.ts';
import { ProcessLog } from './process-log.ts';
import { sweepRepositories } from './repositories-upkeep.ts';
import { openSandboxes } from './sandboxes.ts';
import { settingsFromEnv, type Settings } from './settings.ts';
import { publicUrlOf } from './site-urls.ts';
import { Upkeep } from './upkeep.ts';
import { VERSION } from './version.ts';

/** A git that outlived a killed server has stored its refs by then. */
const LATE_GIT_MS = 30_000;

const log = new ProcessLog('server');

/** Runs the control plane: API, webhooks, git remote, builds. Can be killed at any instruction. */
runProcess(async () => {
  const settings = settingsFromEnv(process.env);
  const opened = await open(settings);
  const { ports, paths } = opened;
  const snapshot = keepRouteSnapshot(opened.db, paths.routes, (error) =>
    log.error(`routes could not be copied for the edge: ${String(error)}`),
  );
  await ensureAdminToken(ports, settings.data);
  await ensureDefaultTeam(ports);
  await keepFirstOwnerInvitation(ports, settings.data);
  await log.step('aliases get the hosts of this domain', () => migrateAliasDomain(ports, log.error)());

  const { scrub, operations } = openOperations(opened, settings);
  const worker = createWorker(ports, { builds: settings.builds, leaseMs: 60_000, watchMs: 5_000, report: log.error });
  const counting = new MetricsUpkeep({ ports, paths, settings, log });
  const accessLog = new RotatingFile(join(paths.logs, 'api-access.jsonl'));
  const server = createServer({
    ports,
    operations,
    metrics: counting.metrics,
    git: gitRemote(hostedGit(opened, settings)),
    log: log.write,
    access: (line) => accessLog.write(`${JSON.stringify(line)}\n`),
    settings: serverSettings(settings, opened.domains.served, await platformId(ports)),
  });
  const { recovery } = server;
  await log.step('unfinished work is taken up', () => recovery.restart());
  const lateGit = recoverPushes(() => recovery.pushes());
  const listening = await server.listen({ host: settings.host, port: settings.apiPort });
  if (!listening.ok)
    throw new Fatal(`${listening.error.message} (${listening.error.cause ?? ''}). ${listening.error.fix}`);
  if (settings.apiDomain !== undefined) orFatal(await server.listenProxied(paths.apiSocket));
  worker.start();
  await log.step('the root of the local CA is written', () => writeLocalRoot(opened));
  const domains = new DomainUpkeep(ports, settings, log, () => aliasGeneration(opened.db));
  await domains.start();
  const busy = (): boolean => worker.running() > 0;
  const upkeep = new Upkeep({ settings, opened, operations, scrub, recover: () => recovery.run(), busy, log });
  upkeep.start();
  counting.start();
  return {
    busy,
    async stop() {
      upkeep.stop();
      await domains.stop();
      clearTimeout(lateGit);
      await server.close();
      await accessLog.close();
      await counting.stop();
      const stopped = worker.stop();
      // after the builds know that their jobs are released, so that none takes this for its own failure
      opened.abortFetches();
      await stopped;
      await close(opened, snapshot);
    },
  };
});

/** Opens what is on disk, after a check that all of it is there, and removes what earlier processes left. */
async function open(settings: Settings): Promise<LocalComposition> {
  orFatal(await checkState(pathsIn(settings.data)));
  const sandboxes = openSandboxes(settings);
  orFatal(await sandboxes.available());
  await log.step('sandboxes are swept', () => sandboxes.sweep());
  const opened = await composeLocal(settings, sandboxes, process.env, log.error);
  await log.step('blobs are swept', () => opened.blobs.sweep());
  await log.step('scratch of backups is swept', () => sweepScratch(opened.paths));
  await log.step('repositories are swept', () => sweepRepositories(opened, !settings.unsafeNoSandbox));
  return opened;
}

/** Creates what an operator can do, and the check of stored blobs, whose findings are among the records it reports. */
function openOperations(
  opened: LocalComposition,
  settings: Settings,
): Readonly<{ scrub: BlobScrub; operations: LocalOperations }> {
  const { ports, paths, blobs, sandboxes } = opened;
  const scrub = new BlobScrub({
    directory: paths.blobs,
    blobs,
    ports,
    bytesPerSecond: settings.scrubMb * 1_048_576,
    report: log.error,
  });
  const operations = new LocalOperations({
    opened,
    sandboxes,
    settings,
    records: { blob: scrub.records },
    checkBlobs: (hashes) => scrub.check(hashes),
    restart: (directory) => process.send?.({ type: 'restore', directory }),
  });
  return { scrub, operations };
}

/** Writes the root certificate of the local CA where users find it, when there is one: see docs/domains.md. */
async function writeLocalRoot({ domains, paths }: LocalComposition): Promise<void> {
  const root = await domains.certificates.localRoot();
  if (root !== undefined) await writeFile(paths.localRoot, root);
}

/** Resumes pushes now and once more later. Not awaited: what tenants have pushed must not hold up the start. */
function recoverPushes(recover: () => Promise<unknown>): NodeJS.Timeout {
  const run = (): void =>
    void recover().catch((error: unknown) => log.error(`pushes could not be recovered: ${String(error)}`));
  run();
  return setTimeout(run, LATE_GIT_MS);
}

function serverSettings(settings: Settings, served: CertificatePublisher, id: string): ServerSettings {
  return {
    // Read for each response: the certificate comes after the start, and may expire.
    get publicUrl() {
      return publicUrlOf(settings, served);
    },
    version: VERSION,
    platformId: id,
    hosts: [
      ...settings.apiHosts,
      ...(settings.apiDomain === undefined ? [] : [settings.apiDomain]),
      ...(isIP(settings.host) === 0 ? [settings.host] : []),
    ],
    pushExit: settings.pushExit,
    limits: DEFAULT_LIMITS,
  };
}

async function close(opened: LocalComposition, snapshot: Readonly<{ stop(): Promise<void> }>): Promise<void> {
  await opened.builder.idle();
  await opened.gitProcesses.close();
  await opened.domains.close();
  await opened.sandboxes.close();
  await opened.sandboxes.sweep();
  await snapshot.stop();
  opened.close();
}
