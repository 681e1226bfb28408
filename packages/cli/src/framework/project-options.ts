import type { ProjectInput } from '@anchor/client/schemas/project.ts';
import type { ApiResult } from '@anchor/client/http/result.ts';
import type { Option } from './command.ts';
import { refuse } from './problem.ts';

/** The settings of a project as options; `projects create` and `projects update` share them. */
export const PROJECT_OPTIONS = {
  repository: { kind: 'text', value: 'url', help: 'build from this git repository' },
  branch: { kind: 'text', value: 'branch', help: 'the production branch' },
  rule: { kind: 'many', value: 'pattern=environment', help: 'which branches deploy where (repeatable; the first that matches wins)' },
  root: { kind: 'text', value: 'folder', help: 'the folder of a monorepo to build' },
  framework: { kind: 'text', value: 'name', help: 'nextjs, static, spa or node' },
  install: { kind: 'text', value: 'command', help: 'the install command' },
  build: { kind: 'text', value: 'command', help: 'the build command' },
  start: { kind: 'text', value: 'command', help: 'the start command of a server' },
  output: { kind: 'text', value: 'folder', help: 'the folder that a static build leaves' },
  node: { kind: 'text', value: 'version', help: 'the Node version, 20 to 26' },
  path: { kind: 'many', value: 'glob', help: 'a push that touches none of these makes no deployment (repeatable)' },
  healthPath: { kind: 'text', value: 'path', help: 'what a new deployment must answer (default /)' },
  healthStatus: { kind: 'many', value: 'code', help: 'accepted status codes (repeatable; default 200 to 399)' },
  memory: { kind: 'count', value: 'MiB', help: 'memory of each function instance' },
  instances: { kind: 'count', value: 'n', help: 'at most this many function instances' },
  idle: { kind: 'count', value: 'seconds', help: 'functions stop after idling this long' },
  timeout: { kind: 'count', value: 'seconds', help: 'a function that has not begun to answer a request after this long is given up (default 60, at most 900)' },
  skew: { kind: 'count', value: 'seconds', help: 'a replaced deployment answers the tabs opened on it this long (default 86400; 0: not at all)' },
} as const satisfies Readonly<Record<string, Option>>;

type Given = Readonly<{ [K in keyof typeof PROJECT_OPTIONS]: (typeof PROJECT_OPTIONS)[K]['kind'] extends 'many' ? readonly string[] : (typeof PROJECT_OPTIONS)[K]['kind'] extends 'count' ? number | undefined : string | undefined }>;

const FRAMEWORKS = ['nextjs', 'static', 'spa', 'node'] as const;

/** The settings that were given, and nothing else. */
export function settingsOf(given: Given): ApiResult<Omit<ProjectInput, 'name'>> {
  const framework = FRAMEWORKS.find((name) => name === given.framework);
  if (given.framework !== undefined && framework === undefined) return refuse('usage', `"${given.framework}" is not a kind of application.`, `Use one of ${FRAMEWORKS.join(', ')}.`);
  const badCode = given.healthStatus.find((code) => !/^[1-5]\d\d$/.test(code));
  if (badCode !== undefined) return refuse('usage', `"${badCode}" is not a status code.`, 'Use codes such as 200 or 404.');
  const badRule = given.rule.find((rule) => !/^.+=[a-z0-9-]+$/.test(rule));
  if (badRule !== undefined) return refuse('usage', `"${badRule}" is not a branch rule.`, "Write it as pattern=environment, such as 'release/*=staging'.");
  const status = given.healthStatus.map(Number);
  const build = compact({
    rootDirectory: given.root, framework, installCommand: given.install, buildCommand: given.build, startCommand: given.start, outputDirectory: given.output, nodeVersion: given.node,
    paths: given.path.length === 0 ? undefined : [...given.path],
  });
  const health = compact({ path: given.healthPath, status: status.length === 0 ? undefined : status });
  const functions = compact({ memoryMb: given.memory, maxInstances: given.instances, idleSeconds: given.idle, timeoutSeconds: given.timeout, skewSeconds: given.skew });
  const branchRules = given.rule.map((rule) => ({ pattern: rule.slice(0, rule.lastIndexOf('=')), environment: rule.slice(rule.lastIndexOf('=') + 1) }));
  return {
    ok: true,
    value: {
      ...(given.repository === undefined ? {} : { source: { kind: 'git', url: given.repository } }),
      ...(given.branch === undefined ? {} : { productionBranch: given.branch }),
      ...(branchRules.length === 0 ? {} : { branchRules }),
      ...(Object.keys(build).length === 0 ? {} : { build }), ...(Object.keys(health).length === 0 ? {} : { health }), ...(Object.keys(functions).length === 0 ? {} : { functions }),
    },
  };
}

/** Without the keys whose value is undefined. */
function compact<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const out: { [K in keyof T]?: Exclude<T[K], undefined> } = {};
  for (const key of Object.keys(value) as (keyof T)[]) if (value[key] !== undefined) out[key] = value[key] as Exclude<T[typeof key], undefined>;
  return out;
}
