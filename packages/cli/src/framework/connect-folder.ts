import { join } from 'node:path';
import type { ApiResult } from '@anchor/client/http/result.ts';
import type { Project } from '@anchor/client/schemas/project.ts';
import { addRemote, isWorkTree } from '../folder/git.ts';
import { writeLink } from '../folder/link.ts';
import type { Context } from './context.ts';

/** Writes the link; in a git repository also the remote `anchor`, for projects that are pushed to the platform. */
export async function connectFolder(
  context: Context,
  project: Project,
): Promise<ApiResult<Readonly<{ remote: boolean; notes: readonly string[] }>>> {
  const session = await context.session();
  if (!session.ok) return session;
  const written = await writeLink(context.directory, { url: session.value.url, project: project.name });
  if (!written.ok) return written;
  const linked = `Linked ${context.directory} to ${project.name}`;
  if (project.source.kind !== 'hosted' || !(await isWorkTree(context.directory)))
    return { ok: true, value: { remote: false, notes: [linked] } };
  const added = await addRemote(context.directory, project.gitUrl, [
    process.execPath,
    join(import.meta.dirname, '../main.ts'),
  ]);
  return {
    ok: true,
    value: {
      remote: added.ok,
      notes: [
        linked,
        added.ok
          ? `Added the git remote anchor → ${project.gitUrl}`
          : `The git remote could not be added: ${added.stderr}`,
      ],
    },
  };
}
