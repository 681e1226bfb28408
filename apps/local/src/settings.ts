import { availableParallelism, homedir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { DEFAULT_LIMITS } from '@anchor/build-runner/session/limits.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { DEFAULT_RETENTION } from '@anchor/core/retention/retention-settings.ts';
import { DEFAULT_EDGE_SETTINGS } from '@anchor/edge/util/settings.ts';
import { DEFAULT_HOST_SETTINGS } from '@anchor/function-host/settings.ts';
import { DEFAULT_FLOOR } from '@anchor/sandbox-linux/cgroup-idle.ts';

const port = z.coerce.number().int().min(0).max(65_535);
const list = z.array(z.string()).default([]);
const MIB = 1_048_576;

/**
 * Everything that can be set on a machine: by flag, by environment variable, or left at its default. A default that a
 * package has is taken from there; the others are of this machine alone.
 */
export const settingsSchema = z.object({
  data: z.string(),
  /** The address that the API and the sites listen on; loopback by default. */
  host: z.string().default('127.0.0.1'),
  apiPort: port.default(7400),
  edgePort: port.default(7480),
  /** Port of HTTPS; without it there is none. */
  httpsPort: port.optional(),
  /** Sites are served at `<project>.<domain>`. */
  domain: z.string().default('localhost'),
  edgeWorkers: z.coerce.number().int().min(1).max(64).default(availableParallelism()),
  /** The growth after which one of them is restarted. */
  edgeMemoryMb: z.coerce
    .number()
    .int()
    .min(128)
    .default(Math.max(512, Math.min(2_048, Math.floor(totalmem() / 8 / MIB)))),
  /** Builds at once. */
  builds: z.coerce
    .number()
    .int()
    .min(1)
    .max(64)
    .default(Math.max(1, Math.floor(availableParallelism() / 2))),
  buildMinutes: z.coerce.number().min(0.01).max(480).default(DEFAULT_LIMITS.minutes),
  buildMemoryMb: z.coerce.number().int().min(128).default(DEFAULT_LIMITS.memoryMb),
  buildCpus: z.coerce.number().min(0.1).default(DEFAULT_LIMITS.cpus),
  /** Part of the machine that builds get although live traffic and other programs want all of it, in percent. */
  buildFloorPercent: z.coerce
    .number()
    .min(0)
    .max(90)
    .default(DEFAULT_FLOOR * 100),
  buildProcesses: z.coerce.number().int().min(16).default(DEFAULT_LIMITS.processes),
  buildDiskMb: z.coerce.number().int().min(64).default(DEFAULT_LIMITS.diskMb),
  /** Disk that a project's builds keep for its next one, and limit of those of all projects together. */
  buildCacheMb: z.coerce.number().int().min(0).default(DEFAULT_LIMITS.cacheMb),
  buildCachesMb: z.coerce.number().int().min(0).optional(),
  /** Limits of one deployment's files and pages at the edge: the size of their list, and their number. */
  manifestMb: z.coerce.number().int().min(1).max(64).default(DEFAULT_LIMITS.manifestMb),
  manifestFiles: z.coerce.number().int().min(100).max(200_000).default(DEFAULT_LIMITS.manifestFiles),
  /**
   * Open connections of one client address, and requests in flight to the functions of one project: per edge worker.
   */
  clientConnections: z.coerce.number().int().min(1).max(100_000).default(DEFAULT_EDGE_SETTINGS.clientConnections),
  projectInflight: z.coerce.number().int().min(1).max(100_000).default(DEFAULT_EDGE_SETTINGS.projectInflight),
  /** How long a function may be silent within a response or event stream, and how large a request body may be. */
  silentSeconds: z.coerce
    .number()
    .int()
    .min(1)
    .max(86_400)
    .default(DEFAULT_EDGE_SETTINGS.silentMs / 1_000),
  bodyMb: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_240)
    .default(DEFAULT_EDGE_SETTINGS.maxBodyBytes / MIB),
  /** Memory that all functions together may use. */
  functionMemoryMb: z.coerce
    .number()
    .int()
    .min(128)
    .default(Math.max(512, Math.floor(totalmem() / 2 / MIB))),
  /** Part of it that one project may hold, in percent. */
  projectMemoryPercent: z.coerce
    .number()
    .min(1)
    .max(100)
    .default(DEFAULT_HOST_SETTINGS.projectShare * 100),
  /**
   * Limits of prewarmed processes, about 40 MB each, of Next.js functions scaled to zero, the last used first: their
   * number, their memory in total, their lifetime.
   */
  prewarmMax: z.coerce.number().int().min(0).max(1_000).default(DEFAULT_HOST_SETTINGS.prewarmMax),
  prewarmMemoryMb: z.coerce.number().int().min(0).optional(),
  prewarmTtlMinutes: z.coerce
    .number()
    .min(0.01)
    .max(1_440)
    .default(DEFAULT_HOST_SETTINGS.prewarmTtlMs / 60_000),
  functionRoundRobin: z.boolean().default(false),
  /** Memory that all git processes of the control plane together may use. */
  gitMemoryMb: z.coerce
    .number()
    .int()
    .min(512)
    .default(Math.max(1_024, Math.min(4_096, Math.floor(totalmem() / 8 / MIB)))),
  /** Size limit of one project's repository on the platform, with its history. */
  repositoryMb: z.coerce.number().int().min(16).default(2_048),
  /** Disk limit of one project's functions; and the reserve of the machine's disk, whatever they write. */
  functionDiskMb: z.coerce.number().int().min(32).default(DEFAULT_HOST_SETTINGS.cacheMb),
  diskReserveMb: z.coerce.number().int().min(0).default(DEFAULT_HOST_SETTINGS.reserveMb),
  /** The meaning of the exit code of `git push`: that the deployment failed, or only that the push did. */
  pushExit: z.enum(['deployment', 'push']).default('deployment'),
  /** Builds are refused below this much free disk. */
  minFreeDiskMb: z.coerce.number().int().min(0).default(2_048),
  /** Disk that is kept for the control plane, given to it when the disk is full. */
  controlReserveMb: z.coerce.number().int().min(0).max(65_536).default(128),
  /** How fast stored files are verified, in MB/s; 0: never. */
  scrubMb: z.coerce.number().min(0).max(10_000).default(8),
  /** Host names under which the API is reached, besides localhost and addresses. */
  apiHosts: list,
  /** The name of the API, git remote and webhooks on the HTTPS port. */
  apiDomain: z.string().toLowerCase().optional(),
  /** The addresses at which the internet reaches this server: what records of domains have to lead to. */
  publicAddresses: z.array(z.union([z.ipv4(), z.ipv6()], 'not an address')).default([]),
  /** Directories of the CAs (RFC 8555), the preferred one first. */
  acmeDirectories: list,
  acmeEmail: z.string().optional(),
  /** A file with the account that a CA gave its customer (RFC 8555, section 7.3.4). */
  acmeEab: z.string().optional(),
  acmeProfile: z.string().optional(),
  localCa: z.boolean().default(false),
  dnsProviders: z.string().optional(),
  /** Resolvers instead of the authoritative servers, `address:port`. */
  dnsResolvers: list,
  /** Load balancers that put a PROXY header in front of each connection. */
  proxyProtocolFrom: z
    .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], 'not an address or a CIDR block'))
    .default([]),
  /** Git hosts on private addresses that projects may fetch from. */
  allowGitHosts: list,
  /** Private networks that builds and functions may reach, CIDR: a database on the LAN. */
  allowNetworks: list,
  /** Addresses or CIDR blocks of reverse proxies whose headers about the client are trusted. */
  trustedProxies: z
    .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], 'not an address or a CIDR block'))
    .default([]),
  /** Limit of one project's logs; the oldest are removed first. */
  projectLogMb: z.coerce.number().int().min(64).default(1_024),
  artifactDays: z.coerce.number().int().min(1).default(DEFAULT_RETENTION.artifactDays),
  recordDays: z.coerce.number().int().min(1).default(DEFAULT_RETENTION.recordDays),
  unsafeNoSandbox: z.boolean().default(false),
  /** An extra CA bundle that builds and functions trust. */
  trustStore: z.string().optional(),
});
export type Settings = z.infer<typeof settingsSchema>;

/** `formerly`: earlier names, which work until the next release and are not shown. */
type Flag = Readonly<{
  key: keyof Settings;
  env: string;
  help: string;
  multiple?: boolean;
  boolean?: boolean;
  formerly?: Readonly<{ flag: string; env: string }>;
}>;

const DEFAULTS = settingsSchema.parse({ data: '' });

/** Flags of `./up`, each with its environment variable. */
export const FLAGS: Readonly<Record<string, Flag>> = {
  data: { key: 'data', env: 'ANCHOR_DATA', help: 'directory of all state (default ~/.anchor)' },
  host: { key: 'host', env: 'ANCHOR_HOST', help: `address to listen on (default ${DEFAULTS.host})` },
  'api-port': { key: 'apiPort', env: 'ANCHOR_API_PORT', help: `port of the API (default ${DEFAULTS.apiPort})` },
  'edge-port': { key: 'edgePort', env: 'ANCHOR_EDGE_PORT', help: `port of the sites (default ${DEFAULTS.edgePort})` },
  'https-port': {
    key: 'httpsPort',
    env: 'ANCHOR_HTTPS_PORT',
    help: 'port of the sites over HTTPS, 443 in public (default: none)',
  },
  'public-address': {
    key: 'publicAddresses',
    env: 'ANCHOR_PUBLIC_ADDRESSES',
    help: 'address at which the internet reaches this server; records of domains must lead to it (may be repeated)',
    multiple: true,
  },
  'acme-email': {
    key: 'acmeEmail',
    env: 'ANCHOR_ACME_EMAIL',
    help: "get certificates from Let's Encrypt, or the CA of --acme-directory, under its terms; it writes to this address",
  },
  'acme-directory': {
    key: 'acmeDirectories',
    env: 'ANCHOR_ACME_DIRECTORIES',
    help: 'address of an ACME directory; a second one is used when orders at the first fail (may be repeated)',
    multiple: true,
  },
  'acme-eab': {
    key: 'acmeEab',
    env: 'ANCHOR_ACME_EAB',
    help: 'JSON file {"keyId", "hmacKey"} with the external account at the first CA, mode 0600, for a CA that has customers',
  },
  'acme-profile': {
    key: 'acmeProfile',
    env: 'ANCHOR_ACME_PROFILE',
    help: 'profile of certificates, such as shortlived, where the CA offers it (default: that of the CA)',
  },
  'local-ca': {
    key: 'localCa',
    env: 'ANCHOR_LOCAL_CA',
    help: 'serve *.localhost over HTTPS with certificates of a CA of this machine alone',
    boolean: true,
  },
  'dns-providers': {
    key: 'dnsProviders',
    env: 'ANCHOR_DNS_PROVIDERS',
    help: 'JSON file with the DNS providers that may be written to, for wildcards (docs/domains.md)',
  },
  'dns-resolver': {
    key: 'dnsResolvers',
    env: 'ANCHOR_DNS_RESOLVERS',
    help: 'address:port of a resolver to use where a firewall keeps this server from authoritative ones (may be repeated)',
    multiple: true,
  },
  'api-domain': {
    key: 'apiDomain',
    env: 'ANCHOR_API_DOMAIN',
    help: 'name of the API, git remote and webhooks on the HTTPS port, with a certificate',
  },
  'proxy-protocol-from': {
    key: 'proxyProtocolFrom',
    env: 'ANCHOR_PROXY_PROTOCOL_FROM',
    help: 'address or CIDR of a load balancer that sends PROXY protocol v1 or v2 (may be repeated)',
    multiple: true,
  },
  domain: {
    key: 'domain',
    env: 'ANCHOR_DOMAIN',
    help: `sites are served at <project>.<domain> (default ${DEFAULTS.domain})`,
  },
  'edge-workers': {
    key: 'edgeWorkers',
    env: 'ANCHOR_EDGE_WORKERS',
    help: 'number of edge processes (default: one per core)',
  },
  'edge-memory-mb': {
    key: 'edgeMemoryMb',
    env: 'ANCHOR_EDGE_MEMORY_MB',
    help: 'memory limit of an edge process; above it the process is restarted (default: an eighth of the memory, 512 to 2048)',
  },
  builds: {
    key: 'builds',
    env: 'ANCHOR_BUILDS',
    help: 'maximum number of concurrent builds (default: half the cores)',
  },
  'build-minutes': {
    key: 'buildMinutes',
    env: 'ANCHOR_BUILD_MINUTES',
    help: `time limit of a build (default ${DEFAULTS.buildMinutes})`,
  },
  'build-memory-mb': { key: 'buildMemoryMb', env: 'ANCHOR_BUILD_MEMORY_MB', help: 'memory limit of a build' },
  'build-cpus': {
    key: 'buildCpus',
    env: 'ANCHOR_BUILD_CPUS',
    help: 'processor limit of a build, in cores (default: all; live traffic has priority)',
  },
  'build-floor-percent': {
    key: 'buildFloorPercent',
    env: 'ANCHOR_BUILD_FLOOR_PERCENT',
    help: `share of the machine that builds get under full load, in percent (default ${DEFAULTS.buildFloorPercent}; 0: none)`,
  },
  'build-processes': {
    key: 'buildProcesses',
    env: 'ANCHOR_BUILD_PROCESSES',
    help: `process limit of a build (default ${DEFAULTS.buildProcesses})`,
  },
  'build-disk-mb': {
    key: 'buildDiskMb',
    env: 'ANCHOR_BUILD_DISK_MB',
    help: `disk limit of a project's builds (default ${DEFAULTS.buildDiskMb})`,
  },
  'build-cache-mb': {
    key: 'buildCacheMb',
    env: 'ANCHOR_BUILD_CACHE_MB',
    help: `limit of the build cache of a project (default ${DEFAULTS.buildCacheMb})`,
  },
  'build-caches-mb': {
    key: 'buildCachesMb',
    env: 'ANCHOR_BUILD_CACHES_MB',
    help: 'limit of the build caches of all projects; the least recently used are evicted (default: a fifth of the disk, at most 20480)',
  },
  'manifest-mb': {
    key: 'manifestMb',
    env: 'ANCHOR_MANIFEST_MB',
    help: `size limit of the manifest of a deployment (default ${DEFAULTS.manifestMb}, at most 64)`,
  },
  'manifest-files': {
    key: 'manifestFiles',
    env: 'ANCHOR_MANIFEST_FILES',
    help: `maximum number of files and pages of a deployment (default ${DEFAULTS.manifestFiles}, at most 200000)`,
  },
  'client-connections': {
    key: 'clientConnections',
    env: 'ANCHOR_CLIENT_CONNECTIONS',
    help: `maximum number of connections per client address and edge worker, except of trusted proxies (default ${DEFAULTS.clientConnections})`,
  },
  'project-inflight': {
    key: 'projectInflight',
    env: 'ANCHOR_PROJECT_INFLIGHT',
    help: `maximum number of requests and WebSockets in flight to functions, per project and edge worker (default ${DEFAULTS.projectInflight})`,
  },
  'silent-seconds': {
    key: 'silentSeconds',
    env: 'ANCHOR_SILENT_SECONDS',
    help: `how long a response, such as an event stream, may be silent (default ${DEFAULTS.silentSeconds})`,
  },
  'body-mb': {
    key: 'bodyMb',
    env: 'ANCHOR_BODY_MB',
    help: `size limit of a request body (default ${DEFAULTS.bodyMb})`,
  },
  'function-memory-mb': {
    key: 'functionMemoryMb',
    env: 'ANCHOR_FUNCTION_MEMORY_MB',
    help: 'memory limit of all functions (default: half of the memory)',
  },
  'project-memory-percent': {
    key: 'projectMemoryPercent',
    env: 'ANCHOR_PROJECT_MEMORY_PERCENT',
    help: `share of it that one project may use, in percent (default ${DEFAULTS.projectMemoryPercent})`,
  },
  'prewarm-max': {
    key: 'prewarmMax',
    env: 'ANCHOR_PREWARM_MAX',
    formerly: { flag: 'waiting-functions', env: 'ANCHOR_WAITING_FUNCTIONS' },
    help: `maximum number of prewarmed function processes (default ${DEFAULTS.prewarmMax})`,
  },
  'prewarm-memory-mb': {
    key: 'prewarmMemoryMb',
    env: 'ANCHOR_PREWARM_MEMORY_MB',
    formerly: { flag: 'waiting-memory-mb', env: 'ANCHOR_WAITING_MEMORY_MB' },
    help: 'memory limit of all prewarmed processes, about 40 MB each; they are evicted when memory runs low (default: an eighth of what is available)',
  },
  'prewarm-ttl-minutes': {
    key: 'prewarmTtlMinutes',
    env: 'ANCHOR_PREWARM_TTL_MINUTES',
    formerly: { flag: 'waiting-minutes', env: 'ANCHOR_WAITING_MINUTES' },
    help: `how long an unused process stays prewarmed (default ${DEFAULTS.prewarmTtlMinutes})`,
  },
  'function-round-robin': {
    key: 'functionRoundRobin',
    env: 'ANCHOR_FUNCTION_ROUND_ROBIN',
    formerly: { flag: 'function-turns', env: 'ANCHOR_FUNCTION_TURNS' },
    help: 'distribute requests round-robin over the processes of a site, to find state that one process keeps to itself (default: the idle process used last)',
    boolean: true,
  },
  'git-memory-mb': {
    key: 'gitMemoryMb',
    env: 'ANCHOR_GIT_MEMORY_MB',
    help: 'memory limit of all git processes of pushes and clones (default: an eighth of the memory, 1024 to 4096)',
  },
  'repository-mb': {
    key: 'repositoryMb',
    env: 'ANCHOR_REPOSITORY_MB',
    help: `size limit of a project's git repository on this machine (default ${DEFAULTS.repositoryMb})`,
  },
  'function-disk-mb': {
    key: 'functionDiskMb',
    env: 'ANCHOR_FUNCTION_DISK_MB',
    help: `disk limit of a project's functions: render caches (default ${DEFAULTS.functionDiskMb})`,
  },
  'disk-reserve-mb': {
    key: 'diskReserveMb',
    env: 'ANCHOR_DISK_RESERVE_MB',
    help: `free disk space below which caches of functions are emptied and the functions that fill the disk are stopped (default ${DEFAULTS.diskReserveMb})`,
  },
  'push-exit': {
    key: 'pushExit',
    env: 'ANCHOR_PUSH_EXIT',
    help: 'when git push exits with an error: "deployment" (also when the deployment fails, the default) or "push" (only when the push fails)',
  },
  'min-free-disk-mb': {
    key: 'minFreeDiskMb',
    env: 'ANCHOR_MIN_FREE_DISK_MB',
    help: `free disk space below which builds are refused (default ${DEFAULTS.minFreeDiskMb})`,
  },
  'control-reserve-mb': {
    key: 'controlReserveMb',
    env: 'ANCHOR_CONTROL_RESERVE_MB',
    help: `disk space reserved for the control plane, released when the disk is full (default ${DEFAULTS.controlReserveMb}, at most 2 % of the disk)`,
  },
  'scrub-mb': {
    key: 'scrubMb',
    env: 'ANCHOR_SCRUB_MB',
    help: `how fast stored files are verified once a day, in MB/s (default ${DEFAULTS.scrubMb}; 0: never)`,
  },
  'api-host': {
    key: 'apiHosts',
    env: 'ANCHOR_API_HOSTS',
    help: 'additional host name of the API, such as behind a proxy (may be repeated); localhost and addresses are always allowed',
    multiple: true,
  },
  'allow-git-host': {
    key: 'allowGitHosts',
    env: 'ANCHOR_ALLOW_GIT_HOSTS',
    help: 'allow a git host on a private address (may be repeated)',
    multiple: true,
  },
  'allow-network': {
    key: 'allowNetworks',
    env: 'ANCHOR_ALLOW_NETWORKS',
    help: 'allow builds and functions to reach a private network (CIDR, may be repeated)',
    multiple: true,
  },
  'trusted-proxy': {
    key: 'trustedProxies',
    env: 'ANCHOR_TRUSTED_PROXIES',
    help: 'address or CIDR of a reverse proxy whose x-forwarded-* and x-request-id headers are trusted (may be repeated)',
    multiple: true,
  },
  'project-log-mb': {
    key: 'projectLogMb',
    env: 'ANCHOR_PROJECT_LOG_MB',
    help: `limit of all logs of a project; the oldest are removed first (default ${DEFAULTS.projectLogMb})`,
  },
  'artifact-days': {
    key: 'artifactDays',
    env: 'ANCHOR_ARTIFACT_DAYS',
    help: `how long files of old deployments are stored (default ${DEFAULTS.artifactDays})`,
  },
  'record-days': {
    key: 'recordDays',
    env: 'ANCHOR_RECORD_DAYS',
    help: `how long records are stored (default ${DEFAULTS.recordDays})`,
  },
  'trust-store': {
    key: 'trustStore',
    env: 'ANCHOR_TRUST_STORE',
    help: 'additional CA bundle for builds and functions',
  },
  'unsafe-no-sandbox': {
    key: 'unsafeNoSandbox',
    env: 'ANCHOR_UNSAFE_NO_SANDBOX',
    help: 'run builds and functions without isolation where the machine cannot isolate them: only for code that you trust',
    boolean: true,
  },
};

export type Command = Readonly<{
  settings: Settings;
  once: boolean;
  help: boolean;
  demo: boolean;
  /** A backup to put in place before anything starts. */
  restore?: string;
  /** Start with an empty state; the existing one is moved aside. */
  fresh: boolean;
}>;

/** Reads the command line of `./up`; flags win over the environment. */
export function parseCommand(argv: readonly string[], env: NodeJS.ProcessEnv): Result<Command> {
  const options: Record<string, { type: 'string' | 'boolean'; multiple?: boolean }> = {
    once: { type: 'boolean' },
    help: { type: 'boolean' },
    'no-demo': { type: 'boolean' },
    restore: { type: 'string' },
    new: { type: 'boolean' },
  };
  for (const [flag, { multiple, boolean, formerly }] of Object.entries(FLAGS)) {
    for (const name of formerly === undefined ? [flag] : [flag, formerly.flag])
      options[name] = { type: boolean === true ? 'boolean' : 'string', ...(multiple === true ? { multiple } : {}) };
  }
  let values: Record<string, unknown>;
  try {
    ({ values } = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false }));
  } catch (error) {
    return fail('invalid_input', error instanceof Error ? error.message : String(error), 'See ./up --help');
  }
  const raw: Record<string, unknown> = { data: join(homedir(), '.anchor'), trustStore: env['NODE_EXTRA_CA_CERTS'] };
  for (const [flag, spec] of Object.entries(FLAGS)) {
    const fromEnv = env[spec.env] ?? (spec.formerly === undefined ? undefined : env[spec.formerly.env]);
    if (fromEnv !== undefined && fromEnv !== '')
      raw[spec.key] =
        spec.multiple === true
          ? fromEnv.split(',')
          : spec.boolean === true
            ? fromEnv === '1' || fromEnv === 'true'
            : fromEnv;
    const given = values[flag] ?? (spec.formerly === undefined ? undefined : values[spec.formerly.flag]);
    if (given !== undefined) raw[spec.key] = given;
  }
  const parsed = settingsSchema.safeParse(raw);
  if (!parsed.success) return fail('invalid_input', z.prettifyError(parsed.error), 'See ./up --help');
  return ok({
    settings: { ...parsed.data, data: resolve(parsed.data.data) },
    once: values['once'] === true,
    help: values['help'] === true,
    demo: values['no-demo'] !== true,
    fresh: values['new'] === true,
    ...(typeof values['restore'] === 'string' ? { restore: resolve(values['restore']) } : {}),
  });
}

/** Returns the text of `./up --help`. */
export const usage = (): string =>
  [
    'Usage: ./up [flags]',
    '',
    'Starts the platform on this machine and stays in the foreground; Ctrl-C stops it.',
    '',
    '  --once                 exit with 0 when the demo is served',
    '  --no-demo              do not create the demo project',
    '  --restore FILE         restore a backup before starting; the existing state is moved aside',
    '  --new                  start with an empty state; the existing state is moved aside',
    ...Object.entries(FLAGS).map(([flag, { help, env }]) => `  --${flag.padEnd(20)} ${help} [${env}]`),
  ].join('\n');

const ENV = 'ANCHOR_PLATFORM_SETTINGS';
/** Returns the variables by which the supervisor passes the settings to the processes that it starts. */
export const settingsToEnv = (settings: Settings): Record<string, string> => ({ [ENV]: JSON.stringify(settings) });
export const settingsFromEnv = (env: NodeJS.ProcessEnv): Settings => settingsSchema.parse(JSON.parse(env[ENV] ?? '{}'));
