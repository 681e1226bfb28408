import { settingsSchema, type Settings } from './settings.ts';

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
