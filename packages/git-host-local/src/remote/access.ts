import type { IncomingMessage } from 'node:http';
import type { Project } from '@anchor/core/projects/project.ts';
import type { Token } from '@anchor/core/tokens/token.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { findProject, maySee } from '@anchor/server/api/authorize.ts';
import { allows } from '@anchor/server/http/scope.ts';
import { basicToken } from '@anchor/server/http/token.ts';
import type { HostedGit } from '../process/hosted-git.ts';
import type { GitRemoteContext } from './context.ts';

export type GitAllowed = Readonly<{ project: Project; git: HostedGit; token: Token }>;

/**
 * Returns whether a request may read or write the platform's own repository of a project: the password is a token,
 * writing needs scope deploy.
 */
export async function allowGit(
  { ports, git, rateLimits, access }: GitRemoteContext,
  request: IncomingMessage,
  wanted: Readonly<{ project: string; write: boolean }>,
): Promise<Result<GitAllowed>> {
  const token = rateLimits.authenticated(
    { address: request.socket.remoteAddress, authorization: request.headers.authorization },
    await basicToken(ports, request.headers.authorization),
  );
  if (!token.ok) return token;
  access.by(request, token.value.id);
  const needed = wanted.write ? 'deploy' : 'read';
  if (!allows(token.value.scope, needed))
    return fail(
      'forbidden',
      `This needs a token with scope ${needed}; yours has scope ${token.value.scope}`,
      `Make one: anchor tokens create --scope ${needed}`,
    );
  const project = await findProject(ports, wanted.project);
  if (project === undefined || !maySee(token.value, project.id)) return noProject(wanted.project);
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
  return ok({ project, git, token: token.value });
}

const noProject = (name: string): Result<never> =>
  fail(
    'not_found',
    `There is no project ${name}, or your token may not see it`,
    'List projects with: anchor projects list',
  );
