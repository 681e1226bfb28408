import type { IncomingMessage } from 'node:http';
import { roleOf, type Caller } from '@anchor/core/people/caller.ts';
import { includes } from '@anchor/core/people/role.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { findProject, targetOf, tooSmall } from '@anchor/server/api/authorize.ts';
import { basicCaller } from '@anchor/server/http/caller.ts';
import type { HostedGit } from '../process/hosted-git.ts';
import type { GitRemoteContext } from './context.ts';

export type GitAllowed = Readonly<{ project: Project; git: HostedGit; caller: Caller }>;

/**
 * Returns whether a request may read or write the platform's own repository of a project: the password is a token
 * or a session's secret; writing needs scope deploy or the role developer.
 */
export async function allowGit(
  { ports, git, rateLimits, access }: GitRemoteContext,
  request: IncomingMessage,
  wanted: Readonly<{ project: string; write: boolean }>,
): Promise<Result<GitAllowed>> {
  const caller = rateLimits.authenticated(
    { address: request.socket.remoteAddress, secret: request.headers.authorization },
    await basicCaller(ports, request),
  );
  if (!caller.ok) return caller;
  access.by(request, caller.value);
  const project = await findProject(ports, wanted.project);
  const role = project === undefined ? undefined : roleOf(caller.value, targetOf(project));
  if (project === undefined || role === undefined) return noProject(wanted.project);
  const [scope, needed] = wanted.write ? (['deploy', 'developer'] as const) : (['read', 'viewer'] as const);
  if (!includes(role, needed)) return tooSmall(caller.value, scope, needed);
  if (project.source.kind !== 'hosted')
    return fail(
      'unsupported',
      `${project.name} is deployed from ${project.source.url}`,
      'Push there; its webhook deploys.',
    );
  // Checked at the first of a push's requests too: only there does git show the text of a refusal.
  const space = wanted.write ? await ports.capacity.checkSpaceForBuild() : ok(undefined);
  if (!space.ok) return space;
  await ports.repositories.ensure(project.id);
  if ((await ports.projects.get(project.id)) === undefined) {
    // Removed meanwhile, perhaps before the repository was created: nothing else would remove it.
    await ports.repositories.remove(project.id);
    return noProject(wanted.project);
  }
  return ok({ project, git, caller: caller.value });
}

const noProject = (name: string): Result<never> =>
  fail('not_found', `There is no project ${name}, or you may not see it`, 'List projects with: anchor projects list');
