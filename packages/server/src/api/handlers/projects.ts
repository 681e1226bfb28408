import type { Api } from '@anchor/client/endpoints/table.ts';
import type { ProjectChanges, ProjectReplacement } from '@anchor/client/schemas/project.ts';
import type { RecordedChange } from '@anchor/core/audit/record-change.ts';
import { maySee } from '@anchor/core/people/caller.ts';
import { DEFAULT_FUNCTIONS, DEFAULT_HEALTH, type Project } from '@anchor/core/projects/project.ts';
import { projectInputSchema, type ProjectInput } from '@anchor/core/projects/project-input.ts';
import { createProject, updateProject } from '@anchor/core/projects/projects.ts';
import { removeProject } from '@anchor/core/projects/remove-project.ts';
import { randomText, sha256Hex } from '@anchor/core/tokens/tokens.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { HttpError } from '../../http/problem.ts';
import type { ServerContext } from '../../context.ts';
import { targetOf } from '../authorize.ts';
import type { HandlersOf } from '../handler.ts';
import { pageRequest } from '../page-request.ts';
import { validate } from '../validate.ts';
import { aliasView, compact, pageView, projectView } from '../views/views.ts';

export function projectHandlers({ ports, settings, operations, metrics }: ServerContext): HandlersOf<Api['projects']> {
  const view = (project: Project) => projectView(project, ports.site, settings.publicUrl);
  const hookUrl = (project: Project, secret: string) => `${settings.publicUrl}/hooks/${project.id}/${secret}`;
  const updated = (change: RecordedChange, before: Project, after: Result<Project>) => {
    if (!after.ok) return after;
    change.before(view(before));
    change.after(view(after.value));
    return ok(view(after.value));
  };
  return {
    list: async ({ query, caller }) => {
      if (caller.kind === 'token' && caller.token.projectId !== undefined) {
        const own = await ports.projects.get(caller.token.projectId);
        return ok({ items: own === undefined ? [] : [view(own)] });
      }
      // A page may have fewer than the limit, also when others follow: `cursor` says so.
      const page = await ports.projects.list(pageRequest(query));
      return ok(pageView({ ...page, items: page.items.filter((project) => maySee(caller, targetOf(project))) }, view));
    },
    create: async ({ team, body: { name, source, ...rest }, change }) => {
      const input = checked({ ...sourceInput(source), ...rest });
      if (!input.ok) return input;
      const created = await createProject(ports)(name, input.value, team.id);
      if (!created.ok) return created;
      const { project, webhookSecret, deployHookSecret } = created.value;
      change.after(view(project));
      const hooks = { webhookSecret, deployHookUrl: hookUrl(project, deployHookSecret) };
      return ok({ project: view(project), hooks });
    },
    get: async ({ project }) => ok(view(project)),
    replace: async ({ project, body, ifMatch, change }) => {
      const input = whole(body);
      if (!input.ok) return input;
      return updated(change, project, await updateProject(ports)(project.id, input.value, ifMatch));
    },
    update: async ({ project, body, ifMatch, change }) => {
      // The build settings are merged here, so the write holds only for the version that was read.
      const input = changed(project, body);
      if (!input.ok) return input;
      const version = ifMatch ?? (body.build === undefined ? undefined : project.version);
      return updated(change, project, await updateProject(ports)(project.id, input.value, version));
    },
    remove: async ({ project, change }) => {
      change.before(view(project));
      await operations.projectRemoved?.(project.id);
      const removed = await removeProject(ports)(project.id);
      if (removed.ok) await metrics.removeProject(project.id);
      return removed;
    },
    rotateHooks: async ({ project }) => {
      const [webhookSecret, deployHookSecret] = [randomText(40), randomText(40)];
      const next: Project = {
        ...project,
        webhookSecret: await ports.secrets.seal(webhookSecret, `webhook/${project.id}`),
        deployHookHash: await sha256Hex(deployHookSecret),
        updatedAt: ports.clock.now(),
        version: project.version + 1,
      };
      if (!(await ports.projects.replace(next)))
        return fail('conflict', 'The project was changed concurrently', 'Run the command again.');
      return ok({ webhookSecret, deployHookUrl: hookUrl(project, deployHookSecret) });
    },
  };
}

const sourceInput = (
  source: ProjectChanges['source'],
): Pick<ProjectInput, 'repositoryUrl' | 'provider' | 'deployKey'> =>
  source === undefined
    ? {}
    : source.kind === 'hosted'
      ? { repositoryUrl: null }
      : compact({ repositoryUrl: source.url, provider: source.provider, deployKey: source.deployKey });

/** PUT: what is absent goes back to its default; the source stays. */
const whole = ({ source, ...rest }: ProjectReplacement): Result<ProjectInput, HttpError> =>
  checked({
    ...sourceInput(source),
    productionBranch: rest.productionBranch ?? 'main',
    branchRules: rest.branchRules ?? [],
    build: compact(rest.build ?? {}),
    health: { ...DEFAULT_HEALTH, ...compact(rest.health ?? {}) },
    functions: { ...DEFAULT_FUNCTIONS, ...compact(rest.functions ?? {}) },
    status: rest.status ?? 'active',
  });

/** Applies a PATCH: absent fields stay, and a build setting of null is detected again. */
function changed(project: Project, { source, build, ...rest }: ProjectChanges): Result<ProjectInput, HttpError> {
  const merged =
    build === undefined
      ? undefined
      : Object.fromEntries(
          Object.entries({ ...project.build, ...compact(build) }).filter(([, value]) => value !== null),
        );
  return checked({ ...sourceInput(source), ...rest, build: merged });
}

/**
 * Validates settings. The contract defines their shape; core checks their meaning (paths that stay inside the
 * repository, …).
 */
function checked(settings: object): Result<ProjectInput, HttpError> {
  const valid = validate('body', projectInputSchema, compact(settings));
  return valid.ok ? ok(valid.value as ProjectInput) : valid;
}

export function aliasHandlers({ ports }: ServerContext): HandlersOf<Api['aliases']> {
  return {
    list: async ({ project, query }) =>
      ok(pageView(await ports.aliases.page(project.id, pageRequest(query)), (alias) => aliasView(alias, ports.site))),
  };
}
