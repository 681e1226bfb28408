import { z } from 'zod';
import { BRANCH_MARK, environmentHost } from '../aliases/host.ts';
import { newId, type ProjectId } from '../names/id.ts';
import { parseBranchName, parseEnvironmentName, parseProjectName, PRODUCTION, type BranchName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import { fail, ok, type Result } from '../result/result.ts';
import { randomText, sha256Hex } from '../tokens/tokens.ts';
import { DEFAULT_FUNCTIONS, DEFAULT_HEALTH, type BranchRule, type Project, type Source } from './project.ts';
import { parseRepositoryUrl } from './repository-url.ts';
import { asBuildSettings, asFunctions, asHealth, buildSettingsSchema, functionSettingsSchema, healthSchema } from './settings.ts';

/** What a person may set on a project. Absent fields keep their value (update) or take the default (create). */
export const projectInputSchema = z.strictObject({
  /** null: the platform's own git remote, which is what a new project has. */
  repositoryUrl: z.string().max(2_048).nullable().optional(),
  provider: z.enum(['github', 'gitlab', 'gitea', 'generic']).optional(),
  productionBranch: z.string().optional(),
  branchRules: z.array(z.strictObject({ pattern: z.string().min(1).max(244), environment: z.string() })).max(50).optional(),
  build: buildSettingsSchema.optional(),
  health: healthSchema.partial().optional(),
  functions: functionSettingsSchema.partial().optional(),
  status: z.enum(['active', 'paused']).optional(),
});
export type ProjectInput = z.infer<typeof projectInputSchema>;

/** Shown once at creation: the values a person pastes into the git host. */
export type CreatedProject = Readonly<{ project: Project; webhookSecret: string; deployHookSecret: string }>;

type ProjectPorts = Pick<Ports, 'projects' | 'aliases' | 'secrets' | 'repositories' | 'clock' | 'site'>;

export const createProject =
  (ports: ProjectPorts) =>
  async (name: string, input: ProjectInput): Promise<Result<CreatedProject>> => {
    const parsed = parseProjectName(name);
    if (!parsed.ok) return parsed;
    if (parsed.value.includes(BRANCH_MARK) || ['api', 'www', 'anchor', 'localhost'].includes(parsed.value)) return fail('invalid_input', `"${name}" is reserved`, `Choose a name without "${BRANCH_MARK}" that is not one of the platform's own.`);
    const exists = fail('already_exists', `A project or a site named "${name}" exists`, 'Choose another name, or update the existing project.');
    if ((await ports.projects.byName(parsed.value)) !== undefined || (await ports.aliases.get(environmentHost(parsed.value, PRODUCTION, ports.site.domain))) !== undefined) return exists;
    const now = ports.clock.now();
    const id = newId('prj', now);
    const webhookSecret = randomText(40);
    const deployHookSecret = randomText(40);
    const settings = await applySettings(ports, id, input, { productionBranch: 'main' as BranchName, branchRules: [], build: {}, health: DEFAULT_HEALTH, functions: DEFAULT_FUNCTIONS, source: { kind: 'hosted' }, status: 'active' });
    if (!settings.ok) return settings;
    const project: Project = {
      ...settings.value, id, name: parsed.value,
      webhookSecret: await ports.secrets.seal(webhookSecret, `webhook/${id}`),
      deployHookHash: await sha256Hex(deployHookSecret),
      actionsKey: await ports.secrets.seal(randomKey(), `actions/${id}`),
      createdAt: now, updatedAt: now, version: 1,
    };
    if (!(await ports.projects.insert(project))) return exists;
    if (project.source.kind === 'hosted') await ports.repositories.ensure(id);
    return ok({ project, webhookSecret, deployHookSecret });
  };

export const updateProject =
  (ports: ProjectPorts) =>
  async (id: ProjectId, input: ProjectInput, expectedVersion?: number): Promise<Result<Project>> => {
    for (;;) {
      const project = await ports.projects.get(id);
      if (project === undefined) return fail('not_found', 'There is no such project', 'List projects with: anchor projects list');
      if (expectedVersion !== undefined && project.version !== expectedVersion) return fail('conflict', 'The project was changed since you looked', 'Read it again and repeat your change.', `version ${project.version}, you expected ${expectedVersion}`);
      const settings = await applySettings(ports, id, input, project);
      if (!settings.ok) return settings;
      // Credentials belong to one address: those of an earlier one must not go along to the next.
      const { gitCredentials: _, ...kept } = project;
      const next: Project = { ...kept, ...settings.value, updatedAt: ports.clock.now(), version: project.version + 1 };
      if (await ports.projects.replace(next)) {
        if (next.source.kind === 'hosted') await ports.repositories.ensure(id);
        return ok(next);
      }
    }
  };

type Settings = Pick<Project, 'source' | 'productionBranch' | 'branchRules' | 'build' | 'health' | 'functions' | 'status' | 'gitCredentials'>;

async function applySettings(ports: ProjectPorts, id: ProjectId, input: ProjectInput, base: Settings): Promise<Result<Settings>> {
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
    gitCredentials = url.value.credentials === undefined ? undefined : await ports.secrets.seal(url.value.credentials, `git/${id}`);
  }
  return ok({
    source, productionBranch: branch.value, branchRules: rules,
    build: input.build === undefined ? base.build : asBuildSettings(input.build),
    health: asHealth({ ...base.health, ...input.health } as z.infer<typeof healthSchema>),
    functions: asFunctions({ ...base.functions, ...input.functions } as z.infer<typeof functionSettingsSchema>),
    status: input.status ?? base.status,
    ...(gitCredentials === undefined ? {} : { gitCredentials }),
  });
}

const guessProvider = (url: string) => (/(^|[@/.])github\./.test(url) ? 'github' : /(^|[@/.])gitlab\./.test(url) ? 'gitlab' : 'generic');

function randomKey(): string {
  let binary = '';
  for (const byte of crypto.getRandomValues(new Uint8Array(32))) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Removes a project: its hosts stop answering first, then its records go; blobs go with the next clean-up. */
export const removeProject =
  (ports: Pick<Ports, 'projects' | 'aliases' | 'deployments' | 'variables' | 'deliveries' | 'repositories' | 'functions' | 'queue' | 'logs'>) =>
  async (id: ProjectId): Promise<Result<void>> => {
    const project = await ports.projects.get(id);
    if (project === undefined) return fail('not_found', 'There is no such project', 'List projects with: anchor projects list');
    await pause(ports, id);
    await removeAliases(ports, id);
    for (;;) {
      const { items } = await ports.deployments.list({ projectId: id }, { limit: 100 });
      if (items.length === 0) break;
      for (const deployment of items) {
        await ports.queue.cancel(deployment.id);
        await ports.functions.stop(deployment.id);
        await ports.logs.remove(deployment.id);
        await ports.deployments.remove(deployment.id);
      }
    }
    for (;;) {
      const { items } = await ports.deliveries.list({ projectId: id }, { limit: 100 });
      if (items.length === 0) break;
      for (const delivery of items) await ports.deliveries.remove(delivery.id);
    }
    for (const variable of await ports.variables.list(id)) await ports.variables.remove(variable.id);
    await ports.repositories.remove(id);
    // A switch that was running has perhaps made hosts meanwhile; their names must be free for another project.
    await removeAliases(ports, id);
    await ports.projects.remove(id);
    return ok(undefined);
  };

/** From here on pushes make no deployments. */
async function pause(ports: Pick<Ports, 'projects'>, id: ProjectId): Promise<void> {
  for (;;) {
    const project = await ports.projects.get(id);
    if (project === undefined || project.status === 'paused' || (await ports.projects.replace({ ...project, status: 'paused', version: project.version + 1 }))) return;
  }
}

async function removeAliases(ports: Pick<Ports, 'aliases'>, id: ProjectId): Promise<void> {
  for (const alias of await ports.aliases.listByProject(id)) await ports.aliases.remove(alias.host);
}
