import { BRANCH_MARK, environmentHost } from '../aliases/host.ts';
import { newId, type ProjectId, type TeamId } from '../names/id.ts';
import { parseProjectName, PRODUCTION, type BranchName } from '../names/name.ts';
import { DEFAULT_TEAM } from '../people/team.ts';
import type { Ports } from '../ports/ports.ts';
import { fail, ok, type Result } from '../result/result.ts';
import { randomKey, randomText, sha256Hex } from '../tokens/tokens.ts';
import { applySettings, type ProjectInput } from './project-input.ts';
import { DEFAULT_FUNCTIONS, DEFAULT_HEALTH, type Project } from './project.ts';

type ProjectPorts = Pick<Ports, 'projects' | 'aliases' | 'secrets' | 'repositories' | 'clock' | 'site'>;

/** Shown once at creation: the values to enter at the git host. */
export type CreatedProject = Readonly<{ project: Project; webhookSecret: string; deployHookSecret: string }>;

export const createProject =
  (ports: ProjectPorts) =>
  async (name: string, input: ProjectInput, teamId: TeamId = DEFAULT_TEAM): Promise<Result<CreatedProject>> => {
    const parsed = parseProjectName(name);
    if (!parsed.ok) return parsed;
    if (
      parsed.value.includes(BRANCH_MARK) ||
      ['api', 'www', 'anchor', 'localhost'].includes(parsed.value) ||
      // The API's own name may be below the domain of the sites.
      environmentHost(parsed.value, PRODUCTION, ports.site.domain) === ports.site.apiDomain
    )
      return fail(
        'invalid_input',
        `"${name}" is reserved`,
        `Choose a name without "${BRANCH_MARK}" that is not one of the platform's own.`,
      );
    const exists = fail(
      'already_exists',
      `A project or a site named "${name}" exists`,
      'Choose another name, or update the existing project.',
    );
    if (
      (await ports.projects.byName(parsed.value)) !== undefined ||
      (await ports.aliases.get(environmentHost(parsed.value, PRODUCTION, ports.site.domain))) !== undefined
    )
      return exists;
    const now = ports.clock.now();
    const id = newId('prj', now);
    const webhookSecret = randomText(40);
    const deployHookSecret = randomText(40);
    const settings = await applySettings(ports, id, input, {
      productionBranch: 'main' as BranchName,
      branchRules: [],
      build: {},
      health: DEFAULT_HEALTH,
      functions: DEFAULT_FUNCTIONS,
      source: { kind: 'hosted' },
      status: 'active',
    });
    if (!settings.ok) return settings;
    const project: Project = {
      ...settings.value,
      id,
      name: parsed.value,
      ...(teamId === DEFAULT_TEAM ? {} : { teamId }),
      webhookSecret: await ports.secrets.seal(webhookSecret, `webhook/${id}`),
      deployHookHash: await sha256Hex(deployHookSecret),
      actionsKey: await ports.secrets.seal(randomKey(), `actions/${id}`),
      createdAt: now,
      updatedAt: now,
      version: 1,
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
      if (project === undefined)
        return fail('not_found', 'There is no such project', 'List projects with: anchor projects list');
      if (expectedVersion !== undefined && project.version !== expectedVersion)
        return fail(
          'conflict',
          'The project has changed since you read it',
          'Read it again and repeat the change.',
          `version ${project.version}, you expected ${expectedVersion}`,
        );
      const settings = await applySettings(ports, id, input, project);
      if (!settings.ok) return settings;
      // Credentials belong to one address: those of an earlier one must not go along to the next.
      const { gitCredentials: _, ...rest } = project;
      const next: Project = { ...rest, ...settings.value, updatedAt: ports.clock.now(), version: project.version + 1 };
      if (await ports.projects.replace(next)) {
        if (next.source.kind === 'hosted') await ports.repositories.ensure(id);
        return ok(next);
      }
    }
  };
