import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ProjectChanges, ProjectInput } from '@anchor/client/schemas/project.ts';
import type { ApiResult } from '@anchor/client/http/result.ts';
import type { Option } from './command.ts';
import { commandError } from './problem.ts';

/** The settings of a project as options; `projects create` and `projects update` share them. */
export const PROJECT_OPTIONS = {
  repository: { kind: 'text', value: 'url', help: 'build from this git repository' },
  provider: {
    kind: 'text',
    value: 'host',
    help: 'the kind of git host: github, gitlab, gitea or generic (default: by its address)',
  },
  deployKeyFile: {
    kind: 'text',
    value: 'file',
    help: 'a private SSH key without a passphrase that can read the repository (for ssh addresses); stored encrypted',
  },
  branch: { kind: 'text', value: 'branch', help: 'the production branch' },
  rule: {
    kind: 'many',
    value: 'pattern=environment',
    help: 'the environment of matching branches (repeatable; the first match wins)',
  },
  root: { kind: 'text', value: 'folder', help: 'the folder of a monorepo to build' },
  framework: { kind: 'text', value: 'name', help: 'nextjs, static, spa or node' },
  install: { kind: 'text', value: 'command', help: 'the install command' },
  build: { kind: 'text', value: 'command', help: 'the build command' },
  start: { kind: 'text', value: 'command', help: 'the start command of a server' },
  output: { kind: 'text', value: 'folder', help: 'the output folder of a static build' },
  node: { kind: 'text', value: 'version', help: 'the Node version, 20 to 26' },
  gitDepth: {
    kind: 'count',
    value: 'commits',
    help: 'how many commits of git history a build sees, with their tags (default 1; 0: all)',
  },
  vercelVariables: {
    kind: 'text',
    value: 'on|off',
    help: 'set VERCEL_URL and similar variables, and AUTH_TRUST_HOST, in builds and functions (default on)',
  },
  path: {
    kind: 'many',
    value: 'path',
    help: 'watch path: a push that touches none makes no deployment; a folder, file or glob from the root of the repository, "!" excludes (repeatable, or with commas)',
  },
  healthPath: { kind: 'text', value: 'path', help: 'the path that a new deployment must serve (default /)' },
  healthStatus: { kind: 'many', value: 'code', help: 'accepted status codes (repeatable; default 200 to 399)' },
  memory: { kind: 'count', value: 'MiB', help: 'memory of each function instance' },
  instances: { kind: 'count', value: 'n', help: 'maximum number of function instances' },
  minInstances: {
    kind: 'count',
    value: 'n',
    help: 'keep at least this many instances of production running without requests: for timers, bots and consumers (default 0)',
  },
  idle: { kind: 'count', value: 'seconds', help: 'stop a function after it was idle this long' },
  timeout: {
    kind: 'count',
    value: 'seconds',
    help: 'how long a function may take to start its response (default 60, at most 900)',
  },
  skew: {
    kind: 'count',
    value: 'seconds',
    help: 'how long a replaced deployment still serves pages that were loaded from it (skew protection; default 86400; 0: off)',
  },
} as const satisfies Readonly<Record<string, Option>>;

type Given = Readonly<{
  [K in keyof typeof PROJECT_OPTIONS]: (typeof PROJECT_OPTIONS)[K]['kind'] extends 'many'
    ? readonly string[]
    : (typeof PROJECT_OPTIONS)[K]['kind'] extends 'count'
      ? number | undefined
      : string | undefined;
}>;

/** As in the help of --node; the platform validates it too. */
const [OLDEST_NODE, NEWEST_NODE] = [20, 26];
const PROVIDERS = ['github', 'gitlab', 'gitea', 'generic'] as const;
const FRAMEWORKS = ['nextjs', 'static', 'spa', 'node'] as const;
const SWITCH = ['on', 'off'] as const;

/** The settings that were given: as for a new project, but the address of the repository may be missing. */
export type GivenSettings = Omit<ProjectInput, 'name' | 'source'> &
  Readonly<{ source?: Extract<NonNullable<ProjectChanges['source']>, { kind: 'git' }> }>;

/** A private key as large as this is none. */
const MAX_KEY_BYTES = 16_384;

/** Returns the settings that were given, and nothing else. */
export async function projectSettingsFromOptions(directory: string, given: Given): Promise<ApiResult<GivenSettings>> {
  const mistake = mistakeIn(given);
  if (mistake !== undefined) return mistake;
  const source = await sourceOf(directory, given);
  if (!source.ok) return source;
  const build = buildOf(given);
  const status = given.healthStatus.map(Number);
  const health = compact({ path: given.healthPath, status: status.length === 0 ? undefined : status });
  const functions = functionsOf(given);
  const branchRules = given.rule.map((rule) => ({
    pattern: rule.slice(0, rule.lastIndexOf('=')),
    environment: rule.slice(rule.lastIndexOf('=') + 1),
  }));
  return {
    ok: true,
    value: {
      ...(source.value === undefined ? {} : { source: source.value }),
      ...(given.branch === undefined ? {} : { productionBranch: given.branch }),
      ...(branchRules.length === 0 ? {} : { branchRules }),
      ...(Object.keys(build).length === 0 ? {} : { build }),
      ...(Object.keys(health).length === 0 ? {} : { health }),
      ...(Object.keys(functions).length === 0 ? {} : { functions }),
    },
  };
}

/** The first value that cannot be meant, as an error. */
function mistakeIn(given: Given): ReturnType<typeof commandError> | undefined {
  if (given.framework !== undefined && !isOneOf(FRAMEWORKS, given.framework))
    return usage(`"${given.framework}" is not a kind of application.`, `Use one of ${FRAMEWORKS.join(', ')}.`);
  const badCode = given.healthStatus.find((code) => !/^[1-5]\d\d$/.test(code));
  if (badCode !== undefined) return usage(`"${badCode}" is not a status code.`, 'Use codes such as 200 or 404.');
  const badRule = given.rule.find((rule) => !/^.+=[a-z0-9-]+$/.test(rule));
  if (badRule !== undefined)
    return usage(`"${badRule}" is not a branch rule.`, "Write it as pattern=environment, such as 'release/*=staging'.");
  // Ranges are left to the platform; it refuses those that allow no version it has.
  const major = /^[v^~=]?\s?(\d{1,9})(?:\.[\dxX*]+){0,2}$/.exec(given.node?.trim() ?? '')?.[1];
  if (major !== undefined && (Number(major) < OLDEST_NODE || Number(major) > NEWEST_NODE))
    return usage(
      `Node.js ${major} is not offered.`,
      `Use a version from ${OLDEST_NODE} to ${NEWEST_NODE}, such as --node 24.`,
    );
  if (given.provider !== undefined && !isOneOf(PROVIDERS, given.provider))
    return usage(`"${given.provider}" is not a kind of git host.`, `Use one of ${PROVIDERS.join(', ')}.`);
  if (given.vercelVariables !== undefined && !isOneOf(SWITCH, given.vercelVariables))
    return usage(
      `"${given.vercelVariables}" is neither on nor off.`,
      'Use --vercel-variables on or --vercel-variables off.',
    );
  return undefined;
}

async function sourceOf(
  directory: string,
  { repository, provider, deployKeyFile }: Given,
): Promise<ApiResult<GivenSettings['source'] | undefined>> {
  const deployKey =
    deployKeyFile === undefined ? undefined : await readFile(resolve(directory, deployKeyFile), 'utf8').catch(() => '');
  if (deployKey !== undefined && (deployKey === '' || deployKey.length > MAX_KEY_BYTES))
    return usage(
      `${deployKeyFile ?? ''} is not a readable private key.`,
      'Name the file of a private key, such as the one created by ssh-keygen -t ed25519 -N "" -f deploy-key.',
    );
  const named = PROVIDERS.find((name) => name === provider);
  if (repository === undefined && named === undefined && deployKey === undefined) return { ok: true, value: undefined };
  return { ok: true, value: { kind: 'git', ...compact({ url: repository, provider: named, deployKey }) } };
}

const buildOf = (given: Given) =>
  compact({
    rootDirectory: given.root,
    framework: FRAMEWORKS.find((name) => name === given.framework),
    installCommand: given.install,
    buildCommand: given.build,
    startCommand: given.start,
    outputDirectory: given.output,
    nodeVersion: given.node,
    gitDepth: given.gitDepth,
    vercelVariables: given.vercelVariables === undefined ? undefined : given.vercelVariables === 'on',
    paths: given.path.length === 0 ? undefined : [...given.path],
  });

const functionsOf = (given: Given) =>
  compact({
    memoryMb: given.memory,
    maxInstances: given.instances,
    minInstances: given.minInstances,
    idleSeconds: given.idle,
    timeoutSeconds: given.timeout,
    skewSeconds: given.skew,
  });

const usage = (message: string, fix: string): ReturnType<typeof commandError> => commandError('usage', message, fix);
const isOneOf = (values: readonly string[], value: string): boolean => values.includes(value);

/** Removes the keys whose value is undefined. */
function compact<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const out: { [K in keyof T]?: Exclude<T[K], undefined> } = {};
  for (const key of Object.keys(value) as (keyof T)[])
    if (value[key] !== undefined) out[key] = value[key] as Exclude<T[typeof key], undefined>;
  return out;
}
