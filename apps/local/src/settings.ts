import { availableParallelism, totalmem } from 'node:os';
import { z } from 'zod';
import { DEFAULT_LIMITS } from '@anchor/build-runner/session/limits.ts';
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

const ENV = 'ANCHOR_PLATFORM_SETTINGS';
/** Returns the variables by which the supervisor passes the settings to the processes that it starts. */
export const settingsToEnv = (settings: Settings): Record<string, string> => ({ [ENV]: JSON.stringify(settings) });
export const settingsFromEnv = (env: NodeJS.ProcessEnv): Settings => settingsSchema.parse(JSON.parse(env[ENV] ?? '{}'));
