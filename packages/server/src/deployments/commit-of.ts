import { parseCommitSha, type CommitSha } from '@anchor/core/names/name.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../context.ts';

const FULL = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** Pages of earlier deployments that are looked through for a commit of another repository. */
const MAX_PAGES = 20;

/**
 * Returns the commit that an id or its prefix names: in the platform's own repository, or among the commits deployed
 * before.
 */
export async function commitOf(
  { ports }: Pick<ServerContext, 'ports'>,
  project: Project,
  text: string,
): Promise<Result<CommitSha>> {
  const prefix = text.toLowerCase();
  if (FULL.test(prefix)) return parseCommitSha(prefix);
  const found =
    project.source.kind === 'hosted'
      ? await ports.repositories.commitsFrom(project.id, prefix)
      : await deployed(ports, project, prefix);
  const [commit, ...others] = found;
  if (commit === undefined)
    return fail(
      'not_found',
      `No commit starts with ${prefix}`,
      project.source.kind === 'hosted'
        ? 'Push it first: git push anchor'
        : 'Give the whole id, as git rev-parse shows it.',
    );
  if (others.length > 0)
    return fail(
      'invalid_input',
      `More than one commit starts with ${prefix}`,
      `Give more of the id: ${[commit, ...others]
        .slice(0, 3)
        .map((sha) => sha.slice(0, prefix.length + 4))
        .join(', ')}.`,
    );
  return ok(commit);
}

async function deployed(
  ports: ServerContext['ports'],
  project: Project,
  prefix: string,
): Promise<readonly CommitSha[]> {
  const found = new Set<CommitSha>();
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { items, cursor: next } = await ports.deployments.list(
      { projectId: project.id },
      { limit: 100, ...(cursor === undefined ? {} : { cursor }) },
    );
    for (const { source } of items) if (source.commit?.startsWith(prefix) === true) found.add(source.commit);
    if (next === undefined) break;
    cursor = next;
  }
  return [...found];
}
