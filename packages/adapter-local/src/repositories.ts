import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseId, type ProjectId } from '@anchor/core/names/id.ts';
import { parseCommitSha } from '@anchor/core/names/name.ts';
import type { Repositories } from '@anchor/core/ports/repositories.ts';
import { isCode } from './files.ts';
import { git, type GitAnswer } from './git.ts';
import type { Paths } from './paths.ts';

/** Of a new repository. Pushes may rewrite branches, builds may fetch any commit, and what was pushed survives a power cut. */
const CONFIGURATION: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsync', 'committed,reference'],
  ['http.receivepack', 'true'],
  ['receive.denyNonFastForwards', 'false'],
  ['receive.denyDeletes', 'false'],
  ['receive.denyDeleteCurrent', 'ignore'],
  ['receive.fsckObjects', 'true'],
  ['receive.unpackLimit', '1'],
  ['uploadpack.allowAnySHA1InWant', 'true'],
  ['uploadpack.allowFilter', 'true'],
];

/** Bare git repositories, one a project. */
export function openRepositories(paths: Pick<Paths, 'repository'>): Repositories {
  const at = (projectId: ProjectId): string => {
    if (parseId('prj', projectId) === undefined) throw new RangeError(`not a project id: ${projectId.slice(0, 40)}`);
    return paths.repository(projectId);
  };
  const exists = (directory: string): Promise<boolean> => stat(directory).then(() => true, () => false);

  return {
    ensure: async (projectId) => {
      const directory = at(projectId);
      if (await exists(directory)) return;
      await mkdir(dirname(directory), { recursive: true });
      // Whole or not at all: it gets its name when it is complete.
      const temporary = `${directory}.${process.pid}-${randomBytes(6).toString('hex')}`;
      try {
        await must(git(['init', '--quiet', '--bare', '--initial-branch=main', '--template=', temporary]));
        for (const [name, value] of CONFIGURATION) await must(git([`--git-dir=${temporary}`, 'config', name, value]));
        await rename(temporary, directory);
      } catch (error) {
        if (!isCode(error, 'ENOTEMPTY') && !isCode(error, 'EEXIST')) throw error;
      } finally {
        await rm(temporary, { recursive: true, force: true });
      }
    },

    remove: (projectId) => rm(at(projectId), { recursive: true, force: true }),

    branchHead: async (projectId, branch) => {
      const directory = at(projectId);
      if (!(await exists(directory))) return undefined;
      const answer = await git([`--git-dir=${directory}`, 'rev-parse', '--verify', '--quiet', '--end-of-options', `refs/heads/${branch}^{commit}`]);
      const sha = parseCommitSha(answer.stdout.trim());
      return answer.code === 0 && sha.ok ? sha.value : undefined;
    },

    commit: async (projectId, sha) => {
      const directory = at(projectId);
      if (!(await exists(directory))) return undefined;
      const show = (...args: string[]) => git([`--git-dir=${directory}`, 'show', '--no-color', '--no-ext-diff', '--no-textconv', ...args, '--end-of-options', `${sha}^{commit}`]);
      const about = await show('--no-patch', '--format=%an <%ae>%x00%B');
      if (about.code !== 0) return undefined;
      // Against the first parent: what a merge brought into its branch.
      const changed = await must(show('--format=', '--name-only', '-z', '--no-renames', '--diff-merges=first-parent'));
      const [author = '', message = ''] = about.stdout.split('\0');
      return { author, message: message.trimEnd(), files: changed.stdout.split('\0').filter((file) => file !== '') };
    },
  };
}

async function must(running: Promise<GitAnswer>): Promise<GitAnswer> {
  const answer = await running;
  if (answer.code !== 0) throw new Error(`git failed: ${answer.stderr.trim().slice(0, 500)}`);
  return answer;
}
