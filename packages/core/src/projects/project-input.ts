import { z } from 'zod';
import type { ProjectId } from '../names/id.ts';
import { parseBranchName, parseEnvironmentName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import { fail, ok, type Result } from '../result/result.ts';
import { parseDeployKey } from './deploy-key.ts';
import type { BranchRule, BuildSettings, Project, Source } from './project.ts';
import { parseRepositoryUrl } from './repository-url.ts';
import {
  asBuildSettings,
  asFunctions,
  asHealth,
  buildSettingsSchema,
  functionSettingsSchema,
  healthSchema,
} from './settings.ts';
import { parseWatchPaths } from './watch-paths.ts';

/**
 * The settings of a project that a user may change. Absent fields keep their value (update) or take the default
 * (create).
 */
export const projectInputSchema = z.strictObject({
  /** null: the platform's own git remote, which is what a new project has. */
  repositoryUrl: z.string().max(2_048).nullable().optional(),
  provider: z.enum(['github', 'gitlab', 'gitea', 'generic']).optional(),
  /** A private SSH key; null removes it. */
  deployKey: z.string().max(16_384).nullable().optional(),
  productionBranch: z.string().optional(),
  branchRules: z
    .array(z.strictObject({ pattern: z.string().min(1).max(244), environment: z.string() }))
    .max(50)
    .optional(),
  build: buildSettingsSchema.optional(),
  health: healthSchema.partial().optional(),
  functions: functionSettingsSchema.partial().optional(),
  status: z.enum(['active', 'paused']).optional(),
});
export type ProjectInput = z.infer<typeof projectInputSchema>;

/** What a user can set of a project. */
export type ProjectSettings = Pick<
  Project,
  'source' | 'productionBranch' | 'branchRules' | 'build' | 'health' | 'functions' | 'status' | 'gitCredentials'
>;

/** Applies what a user has set to a project's settings, checked as a whole. */
export async function applySettings(
  ports: Pick<Ports, 'secrets' | 'site'>,
  id: ProjectId,
  input: ProjectInput,
  base: ProjectSettings,
): Promise<Result<ProjectSettings>> {
  const branch = parseBranchName(input.productionBranch ?? base.productionBranch);
  if (!branch.ok) return branch;
  const rules: BranchRule[] = [];
  for (const rule of input.branchRules ?? base.branchRules) {
    const environment = parseEnvironmentName(rule.environment);
    if (!environment.ok) return environment;
    rules.push({ pattern: rule.pattern, environment: environment.value });
  }
  let source: Source = base.source;
  let gitCredentials = base.gitCredentials;
  if (input.repositoryUrl === null) {
    source = { kind: 'hosted' };
    gitCredentials = undefined;
  } else if (input.repositoryUrl !== undefined) {
    const url = parseRepositoryUrl(input.repositoryUrl, { allowHosts: ports.site.allowGitHosts ?? [] });
    if (!url.ok) return url;
    source = { kind: 'git', url: url.value.url, provider: input.provider ?? guessProvider(url.value.url) };
    gitCredentials =
      url.value.credentials === undefined ? undefined : await ports.secrets.seal(url.value.credentials, `git/${id}`);
  } else if (input.provider !== undefined) {
    if (source.kind !== 'git')
      return fail(
        'invalid_input',
        'This project has no external repository',
        'Name it too: anchor projects update --repository <url> --provider <host>.',
      );
    source = { ...source, provider: input.provider };
  }
  if (input.deployKey === null) gitCredentials = undefined;
  else if (input.deployKey !== undefined) {
    if (source.kind !== 'git' || !source.url.startsWith('ssh://'))
      return fail(
        'invalid_input',
        'A deploy key is for a repository with an ssh address',
        'Give that address with it: anchor projects update --repository git@host:owner/name.git --deploy-key-file <file>.',
      );
    const key = parseDeployKey(input.deployKey);
    if (!key.ok) return key;
    gitCredentials = await ports.secrets.seal(key.value, `git/${id}`);
  }
  const build = input.build === undefined ? ok(base.build) : withWatchPaths(asBuildSettings(input.build));
  if (!build.ok) return build;
  return ok({
    source,
    productionBranch: branch.value,
    branchRules: rules,
    build: build.value,
    health: asHealth({ ...base.health, ...input.health } as z.infer<typeof healthSchema>),
    functions: asFunctions({ ...base.functions, ...input.functions } as z.infer<typeof functionSettingsSchema>),
    status: input.status ?? base.status,
    ...(gitCredentials === undefined ? {} : { gitCredentials }),
  });
}

function withWatchPaths(build: BuildSettings): Result<BuildSettings> {
  if (build.paths === undefined) return ok(build);
  const paths = parseWatchPaths(build.paths);
  return paths.ok ? ok({ ...build, paths: paths.value }) : paths;
}

const guessProvider = (url: string) =>
  /(^|[@/.])github\./.test(url) ? 'github' : /(^|[@/.])gitlab\./.test(url) ? 'gitlab' : 'generic';
