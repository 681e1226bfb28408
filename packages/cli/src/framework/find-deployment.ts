import { allPages } from '@anchor/client/http/all-pages.ts';
import type { Client } from '@anchor/client/http/client.ts';
import type { ApiResult } from '@anchor/client/http/result.ts';
import type { Deployment } from '@anchor/client/schemas/deployment.ts';
import { deploymentId } from '@anchor/client/schemas/primitive.ts';
import type { Context } from './context.ts';
import { commandError } from './problem.ts';

const SHORT_LENGTH = 9;

/** Finds a deployment as a user names it: by its id, the short id of its address, or the address itself. */
export async function findDeployment(context: Context, client: Client, text: string): Promise<ApiResult<Deployment>> {
  if (deploymentId.safeParse(text).success)
    return client.deployments.get({ deployment: text }, { signal: context.signal });
  const label = text.replace(/^https?:\/\//, '').split(/[./:]/)[0] ?? '';
  const short = label.slice(-SHORT_LENGTH);
  if (!/^[0-9a-z]{9}$/.test(short))
    return commandError(
      'usage',
      `"${text.slice(0, 80)}" is not a deployment.`,
      'Name it by its id (dpl_…), its short id, or its address: anchor deployments list',
    );
  const project = await context.project();
  if (!project.ok) return project;
  for await (const found of allPages((cursor) =>
    client.deployments.list(
      { project: project.value, limit: 100, ...(cursor === undefined ? {} : { cursor }) },
      { signal: context.signal },
    ),
  )) {
    if (!found.ok) return found;
    if (found.value.id.endsWith(short)) return found;
  }
  return commandError(
    'not_found',
    `${project.value} has no deployment ${short}.`,
    'See what there is: anchor deployments list',
  );
}

/** Returns the deployment that is named, or the project's newest. */
export async function namedOrNewest(
  context: Context,
  client: Client,
  text: string | undefined,
): Promise<ApiResult<Deployment>> {
  if (text !== undefined) return findDeployment(context, client, text);
  const project = await context.project();
  if (!project.ok) return project;
  const page = await client.deployments.list({ project: project.value, limit: 1 }, { signal: context.signal });
  if (!page.ok) return page;
  const newest = page.value.items[0];
  return newest === undefined
    ? commandError(
        'not_found',
        `${project.value} has no deployment yet.`,
        'Make one: git push anchor main, or anchor deploy',
      )
    : { ok: true, value: newest };
}
