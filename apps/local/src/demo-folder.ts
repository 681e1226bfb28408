import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { addRemote, git } from '@anchor/cli/folder/git.ts';
import { writeLink } from '@anchor/cli/folder/link.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';

const EXAMPLE = join(import.meta.dirname, '../../../examples/next-app');
/** Files that running the example in place would leave in it. */
const NOT_COPIED = new Set(['node_modules', '.next', 'next-env.d.ts', '.anchor']);
/** The user's git settings (signing, hooks, templates) are for the user's own commits. */
const OWN_SETTINGS_ASIDE = [
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'commit.gpgSign=false',
  '-c',
  'core.autocrlf=false',
];

/** Copies the example with one commit to `<data>/demo`; an existing copy is kept, with all changes made in it. */
export async function prepareFolder(data: string): Promise<Result<string>> {
  const folder = join(data, 'demo');
  if (existsSync(join(folder, '.git'))) return ok(folder);
  const fresh = join(data, 'demo.new');
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  await cp(EXAMPLE, fresh, {
    recursive: true,
    filter: (source) => source === EXAMPLE || (!NOT_COPIED.has(basename(source)) && !source.endsWith('.tsbuildinfo')),
  });
  for (const args of [
    ['init', '--quiet', '--template=', '--initial-branch=main'],
    ['config', 'user.name', 'Anchor Deploy'],
    ['config', 'user.email', 'demo@anchor.invalid'],
    ['add', '--all'],
    ['commit', '--quiet', '--message', 'The example application'],
  ]) {
    const done = await git(fresh, [...OWN_SETTINGS_ASIDE, ...args]);
    if (!done.ok)
      return fail(
        'internal',
        `git ${args[0] ?? ''} failed in ${fresh}`,
        'Check that git works: git --version',
        done.stderr,
      );
  }
  await rm(folder, { recursive: true, force: true });
  await rename(fresh, folder);
  return ok(folder);
}

/**
 * Links the folder to the project, so that `git push anchor main` and every `anchor` command work in it after a login.
 */
export async function connect(
  folder: string,
  apiUrl: string,
  project: Readonly<{ name: string; gitUrl: string }>,
): Promise<Result<void>> {
  const linked = await writeLink(folder, { url: apiUrl, project: project.name });
  if (!linked.ok) return fail('internal', linked.problem.detail, linked.problem.fix, linked.problem.cause);
  const added = await addRemote(folder, project.gitUrl, [
    process.execPath,
    join(import.meta.dirname, '../../../packages/cli/src/main.ts'),
  ]);
  return added.ok
    ? ok(undefined)
    : fail('internal', `The git remote could not be added in ${folder}`, 'Check the output of git.', added.stderr);
}

/**
 * Pushes, with git's own output on this terminal: the build as it runs comes in its `remote:` lines. The token travels
 * in the environment of this one process: other users see neither it nor a file that holds it.
 */
export function push(folder: string, gitUrl: string, token: string, env: NodeJS.ProcessEnv): Promise<Result<void>> {
  const header = `Authorization: Basic ${Buffer.from(`anchor:${token}`).toString('base64')}`;
  return new Promise((resolve) => {
    const child = spawn('git', ['-C', folder, ...OWN_SETTINGS_ASIDE, 'push', '--no-progress', 'anchor', 'main'], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...env,
        GIT_TERMINAL_PROMPT: '0',
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: `http.${new URL(gitUrl).origin}/.extraHeader`,
        GIT_CONFIG_VALUE_0: header,
      },
    });
    child.on('error', (error) => resolve(fail('internal', 'Cannot start git', 'Install git.', error.message)));
    child.on('close', (code) =>
      resolve(
        code === 0
          ? ok(undefined)
          : fail('build_failed', `git push ended with exit code ${code ?? 'none'}`, 'Check its output above.'),
      ),
    );
  });
}
