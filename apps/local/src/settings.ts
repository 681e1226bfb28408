import { availableParallelism, homedir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { DEFAULT_HOST_SETTINGS } from '@anchor/adapter-local/functions/settings.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';

const port = z.coerce.number().int().min(0).max(65_535);
const list = z.array(z.string()).default([]);

/** Everything that can be set on a machine: by flag, by environment variable, or left at its default. */
export const settingsSchema = z.object({
  data: z.string(),
  /** The address that the API and the sites listen on; loopback unless told otherwise. */
  host: z.string().default('127.0.0.1'),
  apiPort: port.default(7400),
  edgePort: port.default(7480),
  /** Sites answer at `<project>.<domain>`. */
  domain: z.string().default('localhost'),
  edgeWorkers: z.coerce.number().int().min(1).max(64).default(availableParallelism()),
  /** Builds at once. */
  builds: z.coerce.number().int().min(1).max(64).default(Math.max(1, Math.floor(availableParallelism() / 2))),
  buildMinutes: z.coerce.number().min(0.01).max(480).default(30),
  buildMemoryMb: z.coerce.number().int().min(128).default(Math.max(1_024, Math.min(8_192, Math.floor(totalmem() / 2 / 1_048_576)))),
  buildCpus: z.coerce.number().min(0.1).default(availableParallelism()),
  buildProcesses: z.coerce.number().int().min(16).default(512),
  buildDiskMb: z.coerce.number().int().min(64).default(10_240),
  /** Memory that all functions together may use. */
  functionMemoryMb: z.coerce.number().int().min(128).default(Math.max(512, Math.floor(totalmem() / 2 / 1_048_576))),
  /** Next.js functions scaled to zero that keep a started process, about 40 MB each, the last used first: how many, in how much memory together, for how long. */
  waitingFunctions: z.coerce.number().int().min(0).max(1_000).default(DEFAULT_HOST_SETTINGS.waiting),
  waitingMemoryMb: z.coerce.number().int().min(0).optional(),
  waitingMinutes: z.coerce.number().min(0.01).max(1_440).default(DEFAULT_HOST_SETTINGS.waitingMs / 60_000),
  functionTurns: z.boolean().default(false),
  /** Builds are refused below this much free disk. */
  minFreeDiskMb: z.coerce.number().int().min(0).default(2_048),
  /** Git hosts on private addresses that projects may fetch from. */
  allowGitHosts: list,
  /** Private networks that builds and functions may reach, CIDR: a database on the LAN. */
  allowNetworks: list,
  /** Addresses or CIDR blocks of reverse proxies: what they say of the visitor is believed. */
  trustedProxies: z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], 'not an address or a CIDR block')).default([]),
  artifactDays: z.coerce.number().int().min(1).default(90),
  recordDays: z.coerce.number().int().min(1).default(365),
  unsafeNoSandbox: z.boolean().default(false),
  /** An extra CA bundle that builds and functions trust. */
  trustStore: z.string().optional(),
});
export type Settings = z.infer<typeof settingsSchema>;

/** Flags of `./up`, each with its environment variable. */
export const FLAGS: Readonly<Record<string, { key: keyof Settings; env: string; help: string; multiple?: boolean; boolean?: boolean }>> = {
  data: { key: 'data', env: 'ANCHOR_DATA', help: 'where all state lies (default ~/.anchor)' },
  host: { key: 'host', env: 'ANCHOR_HOST', help: 'address to listen on (default 127.0.0.1)' },
  'api-port': { key: 'apiPort', env: 'ANCHOR_API_PORT', help: 'port of the API (default 7400)' },
  'edge-port': { key: 'edgePort', env: 'ANCHOR_EDGE_PORT', help: 'port of the sites (default 7480)' },
  domain: { key: 'domain', env: 'ANCHOR_DOMAIN', help: 'sites answer at <project>.<domain> (default localhost)' },
  'edge-workers': { key: 'edgeWorkers', env: 'ANCHOR_EDGE_WORKERS', help: 'edge processes (default: one a core)' },
  builds: { key: 'builds', env: 'ANCHOR_BUILDS', help: 'builds at once (default: half the cores)' },
  'build-minutes': { key: 'buildMinutes', env: 'ANCHOR_BUILD_MINUTES', help: 'time limit of a build (default 30)' },
  'build-memory-mb': { key: 'buildMemoryMb', env: 'ANCHOR_BUILD_MEMORY_MB', help: 'memory limit of a build' },
  'build-cpus': { key: 'buildCpus', env: 'ANCHOR_BUILD_CPUS', help: 'processor limit of a build (default: all; live traffic has precedence)' },
  'build-processes': { key: 'buildProcesses', env: 'ANCHOR_BUILD_PROCESSES', help: 'process limit of a build (default 512)' },
  'build-disk-mb': { key: 'buildDiskMb', env: 'ANCHOR_BUILD_DISK_MB', help: 'disk limit of a project\'s builds (default 10240)' },
  'function-memory-mb': { key: 'functionMemoryMb', env: 'ANCHOR_FUNCTION_MEMORY_MB', help: 'memory of all functions together (default: half)' },
  'waiting-functions': { key: 'waitingFunctions', env: 'ANCHOR_WAITING_FUNCTIONS', help: 'sites at rest that keep a started process, at most (default 64)' },
  'waiting-memory-mb': { key: 'waitingMemoryMb', env: 'ANCHOR_WAITING_MEMORY_MB', help: 'memory of these processes together, about 40 MB each; they give way where it is scarce (default: an eighth of what is available)' },
  'waiting-minutes': { key: 'waitingMinutes', env: 'ANCHOR_WAITING_MINUTES', help: 'how long they keep it (default 60)' },
  'function-turns': { key: 'functionTurns', env: 'ANCHOR_FUNCTION_TURNS', help: 'processes of a site take turns, to find state that one keeps to itself (default: the one used last, while it is at rest)', boolean: true },
  'min-free-disk-mb': { key: 'minFreeDiskMb', env: 'ANCHOR_MIN_FREE_DISK_MB', help: 'builds are refused below this (default 2048)' },
  'allow-git-host': { key: 'allowGitHosts', env: 'ANCHOR_ALLOW_GIT_HOSTS', help: 'a git host on a private address (may be repeated)', multiple: true },
  'allow-network': { key: 'allowNetworks', env: 'ANCHOR_ALLOW_NETWORKS', help: 'a private network (CIDR) that builds and functions may reach (may be repeated)', multiple: true },
  'trusted-proxy': { key: 'trustedProxies', env: 'ANCHOR_TRUSTED_PROXIES', help: 'address or CIDR of a reverse proxy whose x-forwarded-* and x-request-id headers are believed (may be repeated)', multiple: true },
  'artifact-days': { key: 'artifactDays', env: 'ANCHOR_ARTIFACT_DAYS', help: 'how long files of old deployments are kept (default 90)' },
  'record-days': { key: 'recordDays', env: 'ANCHOR_RECORD_DAYS', help: 'how long records are kept (default 365)' },
  'trust-store': { key: 'trustStore', env: 'ANCHOR_TRUST_STORE', help: 'an extra CA bundle for builds and functions' },
  'unsafe-no-sandbox': { key: 'unsafeNoSandbox', env: 'ANCHOR_UNSAFE_NO_SANDBOX', help: 'go on where the machine can not isolate builds: only for code you trust', boolean: true },
};

export type Command = Readonly<{ settings: Settings; once: boolean; help: boolean; demo: boolean }>;

/** Reads the command line of `./up`; flags win over the environment. */
export function parseCommand(argv: readonly string[], env: NodeJS.ProcessEnv): Result<Command> {
  const options: Record<string, { type: 'string' | 'boolean'; multiple?: boolean }> = { once: { type: 'boolean' }, help: { type: 'boolean' }, 'no-demo': { type: 'boolean' } };
  for (const [flag, { multiple, boolean }] of Object.entries(FLAGS)) options[flag] = { type: boolean === true ? 'boolean' : 'string', ...(multiple === true ? { multiple } : {}) };
  let values: Record<string, unknown>;
  try {
    ({ values } = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false }));
  } catch (error) {
    return fail('invalid_input', error instanceof Error ? error.message : String(error), 'See ./up --help');
  }
  const raw: Record<string, unknown> = { data: join(homedir(), '.anchor'), trustStore: env['NODE_EXTRA_CA_CERTS'] };
  for (const [flag, spec] of Object.entries(FLAGS)) {
    const fromEnv = env[spec.env];
    if (fromEnv !== undefined && fromEnv !== '') raw[spec.key] = spec.multiple === true ? fromEnv.split(',') : spec.boolean === true ? fromEnv === '1' || fromEnv === 'true' : fromEnv;
    if (values[flag] !== undefined) raw[spec.key] = values[flag];
  }
  const parsed = settingsSchema.safeParse(raw);
  if (!parsed.success) return fail('invalid_input', z.prettifyError(parsed.error), 'See ./up --help');
  return ok({ settings: { ...parsed.data, data: resolve(parsed.data.data) }, once: values['once'] === true, help: values['help'] === true, demo: values['no-demo'] !== true });
}

/** The text of `./up --help`. */
export const usage = (): string =>
  ['Usage: ./up [flags]', '', 'Starts the platform on this machine and stays in the foreground; Ctrl-C stops it.', '', '  --once                 exit 0 when the demo answers', '  --no-demo              do not create the demo project', ...Object.entries(FLAGS).map(([flag, { help, env }]) => `  --${flag.padEnd(20)} ${help} [${env}]`)].join('\n');

const ENV = 'ANCHOR_PLATFORM_SETTINGS';
/** How the supervisor hands the settings to the processes it starts. */
export const settingsToEnv = (settings: Settings): Record<string, string> => ({ [ENV]: JSON.stringify(settings) });
export const settingsFromEnv = (env: NodeJS.ProcessEnv): Settings => settingsSchema.parse(JSON.parse(env[ENV] ?? '{}'));
