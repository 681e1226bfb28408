import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openBlobStore, type LocalBlobStore } from '@anchor/adapter-local/blobs/blob-store.ts';
import { openDatabase, type Database } from '@anchor/adapter-local/sqlite/database.ts';
import { diskCapacity, diskSpace } from '@anchor/adapter-local/disk/disk-capacity.ts';
import type { CertificatePublisher } from '@anchor/adapter-local/certificates/certificate-publisher.ts';
import { localEdgeProbe } from '@anchor/adapter-local/routes/edge-probe.ts';
import { FunctionHostClient } from '@anchor/function-host/client.ts';
import { Git } from '@anchor/git-host-local/process/git.ts';
import { HelperLauncher } from '@anchor/git-host-local/launcher/helper-launcher.ts';
import { GitProcesses } from '@anchor/git-host-local/process/git-processes.ts';
import { filterFile, NO_GIT_SANDBOX, openGitSandbox } from '@anchor/git-host-local/process/git-sandbox.ts';
import { RepositoryGate } from '@anchor/git-host-local/repositories/repository-gate.ts';
import { openPushTransaction } from '@anchor/adapter-local/sqlite/stores/push-transaction.ts';
import { openJobQueue } from '@anchor/adapter-local/sqlite/stores/job-queue.ts';
import { openLogStore } from '@anchor/adapter-local/logs/log-store.ts';
import { emitModules } from '@anchor/function-host/modules.ts';
import { LocalIdentity } from '@anchor/adapter-local/identity/local-identity.ts';
import { pathsIn, type Paths } from '@anchor/adapter-local/paths.ts';
import { openRepositories } from '@anchor/git-host-local/repositories/repositories.ts';
import { openSecretBox } from '@anchor/adapter-local/secrets/secret-box.ts';
import { openStores } from '@anchor/adapter-local/sqlite/stores/stores.ts';
import { createBuilder, type Builder } from '@anchor/build-runner/create-builder.ts';
import { createCompressor } from '@anchor/packaging/output/compressor.ts';
import { DEFAULT_LIMITS } from '@anchor/build-runner/session/limits.ts';
import { createNodes } from '@anchor/build-runner/tools/nodes.ts';
import { createNpm, type Npm } from '@anchor/build-runner/tools/npm.ts';
import { createTools } from '@anchor/build-runner/tools/package-managers.ts';
import type { LocalSandboxes } from '@anchor/sandbox-linux/sandboxes.ts';
import { branchHeads } from '@anchor/core/deliveries/branch-heads.ts';
import { systemClock } from '@anchor/core/ports/clock.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import { runtimeCause } from '@anchor/packaging/explain/runtime-cause.ts';
import type { Sandboxes } from '@anchor/core/ports/sandbox.ts';
import { orFatal } from './process.ts';
import { remoteHeads } from './remote-heads.ts';
import { installBundledNode } from './install-bundled-node.ts';
import { openDomainAdapters, type DomainAdapters } from './domain-adapters.ts';
import type { Settings } from './settings.ts';
import { isLocalDomain, urlOf } from './site-urls.ts';
import { everyProcessStart } from './tuning/every-process.ts';

/** Everything that the server process works with; `close` in the order of use. */
export type LocalComposition = Readonly<{
  ports: Ports;
  paths: Paths;
  db: Database;
  blobs: LocalBlobStore;
  builder: Builder;
  npm: Npm;
  sandboxes: LocalSandboxes;
  functions: FunctionHostClient;
  domains: DomainAdapters;
  git: Git;
  gitProcesses: GitProcesses;
  gate: RepositoryGate;
  /** Ends downloads of Node versions and package managers. */
  abortFetches(): void;
  close(): void;
}>;

/** Creates every adapter of one machine, with the sandboxes given. */
export async function composeLocal(
  settings: Settings,
  sandboxes: LocalSandboxes,
  env: NodeJS.ProcessEnv,
  report: (message: string) => void,
): Promise<LocalComposition> {
  const paths = pathsIn(settings.data);
  for (const directory of [paths.data, paths.run, paths.temporary])
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  const secrets = orFatal(await openSecretBox(paths.key));
  const db = orFatal(openDatabase(paths.database));
  const blobs = openBlobStore(paths.blobs);
  const ending = new AbortController();
  const npm = createNpm({
    cache: join(paths.data, 'npm-cache'),
    environment: npmEnvironment(env, paths),
    signal: ending.signal,
  });
  const functions = new FunctionHostClient(paths.hostSocket);
  const builder = await openBuilder({ settings, paths, sandboxes, blobs, npm, env });
  const gitProcesses = openGitProcesses(settings, paths, env);
  const git = new Git(gitProcesses);
  const domains = await openDomainAdapters({ settings, paths, db, secrets, env, report });
  const ports = portsOf({ settings, paths, db, secrets, blobs, builder, functions, git, domains, env });
  return {
    ports,
    paths,
    db,
    blobs,
    builder,
    npm,
    sandboxes,
    functions,
    domains,
    git,
    gitProcesses,
    gate: new RepositoryGate(),
    abortFetches: () => ending.abort(),
    close() {
      functions.close();
      db.close();
    },
  };
}

type PortParts = Readonly<{
  settings: Settings;
  paths: Paths;
  db: Database;
  secrets: Ports['secrets'];
  blobs: LocalBlobStore;
  builder: Builder;
  functions: FunctionHostClient;
  git: Git;
  domains: DomainAdapters;
  env: NodeJS.ProcessEnv;
}>;

/** Returns the capabilities that the use cases get on one machine. */
function portsOf(parts: PortParts): Ports {
  const { settings, paths, db, secrets, builder, domains } = parts;
  const queue = openJobQueue(db, systemClock);
  const repositories = openRepositories(paths, parts.git);
  return {
    ...openStores(db),
    blobs: parts.blobs,
    builds: builder,
    functions: parts.functions,
    secrets,
    clock: systemClock,
    queue,
    pushes: openPushTransaction(db, queue),
    logs: openLogStore(paths.logs),
    repositories,
    heads: branchHeads(repositories, remoteHeads(secrets, settings, parts.env)),
    capacity: diskCapacity(paths.data, settings.minFreeDiskMb, (bytes) => builder.disks.freeSpace(bytes)),
    ...edgePorts(settings, paths, domains.served),
    analyzeFailure: runtimeCause,
    dns: domains.dns,
    certificates: domains.certificates,
    served: domains.served,
    identity: new LocalIdentity(db),
  };
}

const openGitProcesses = (settings: Settings, paths: Paths, env: NodeJS.ProcessEnv): GitProcesses =>
  new GitProcesses({
    sandbox: settings.unsafeNoSandbox
      ? NO_GIT_SANDBOX
      : openGitSandbox({
          data: settings.data,
          memoryMb: settings.gitMemoryMb,
          floor: settings.buildFloorPercent / 100,
        }),
    launcher: new HelperLauncher({ socket: paths.gitSocket, env: helperEnvironment(env) }),
  });

type BuilderParts = Readonly<{
  settings: Settings;
  paths: Paths;
  sandboxes: Sandboxes;
  blobs: LocalBlobStore;
  npm: Npm;
  env: NodeJS.ProcessEnv;
}>;

async function openBuilder({ settings, paths, sandboxes, blobs, npm, env }: BuilderParts): Promise<Builder> {
  const modules = await emitModules(paths);
  await installBundledNode(paths.nodes);
  return createBuilder({
    nodes: createNodes({ dir: paths.nodes, npm }),
    sandboxes,
    blobs,
    modules: modules.runtimeDir,
    temporary: paths.temporary,
    ...(settings.unsafeNoSandbox ? {} : { gitFilter: filterFile(settings.data) }),
    repository: paths.repository,
    tools: createTools({ dir: join(paths.data, 'tools'), npm }),
    compressor: createCompressor({ blobs, dir: join(paths.data, 'compressed') }),
    limits: {
      memoryMb: settings.buildMemoryMb,
      cpus: settings.buildCpus,
      processes: settings.buildProcesses,
      diskMb: settings.buildDiskMb,
      cacheMb: settings.buildCacheMb,
      cachesMb: settings.buildCachesMb ?? (await cachesMb(paths.data)),
      minutes: settings.buildMinutes,
      manifestMb: settings.manifestMb,
      manifestFiles: settings.manifestFiles,
    },
    allowHosts: settings.allowGitHosts,
    allowNetworks: settings.allowNetworks,
    ...(settings.trustStore === undefined ? {} : { trustStore: settings.trustStore }),
    ...(env['PATH'] === undefined ? {} : { path: env['PATH'] }),
  });
}

/** How sites are addressed, and how a request reaches them through the edge. */
const edgePorts = (
  settings: Settings,
  paths: Paths,
  served: Pick<CertificatePublisher, 'covers'>,
): Pick<Ports, 'probe' | 'site'> => ({
  probe: localEdgeProbe({
    host: settings.host === '0.0.0.0' ? '127.0.0.1' : settings.host,
    port: settings.edgePort,
    ...(settings.httpsPort === undefined ? {} : { httpsPort: settings.httpsPort }),
    controlSockets: () => Array.from({ length: settings.edgeWorkers }, (_, worker) => paths.edgeSocket(worker)),
  }),
  site: {
    domain: settings.domain,
    urlOf: (host) => urlOf(settings, host, served),
    ownHttps: settings.httpsPort !== undefined && !isLocalDomain(settings.domain),
    publicAddresses: settings.publicAddresses,
    ...(settings.apiDomain === undefined ? {} : { apiDomain: settings.apiDomain }),
    allowGitHosts: settings.allowGitHosts,
  },
});

/** Returns the limit of all projects' build caches: a fifth of the disk, at most the default. */
async function cachesMb(data: string): Promise<number> {
  const { totalBytes } = await diskSpace(data);
  return Math.min(DEFAULT_LIMITS.cachesMb, Math.floor(totalBytes / 5 / 1_048_576));
}

/** Returns the environment of the process that starts git: the tunings of all, and where compiled programs are. */
function helperEnvironment(env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const { NODE_COMPILE_CACHE: cache } = env;
  return { ...everyProcessStart(env).variables, ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }) };
}

/**
 * Returns the environment of the platform's own npm: the machine's proxy and certificate settings, and nothing else.
 */
function npmEnvironment(env: NodeJS.ProcessEnv, paths: Paths): Record<string, string> {
  const passed = [
    'PATH',
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'NO_PROXY',
    'http_proxy',
    'https_proxy',
    'no_proxy',
    'NODE_EXTRA_CA_CERTS',
    'npm_config_registry',
  ];
  const result: Record<string, string> = { HOME: paths.temporary };
  for (const name of passed) {
    const value = env[name];
    if (value !== undefined) result[name] = value;
  }
  return result;
}
