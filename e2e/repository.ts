import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Platform } from './platform.ts';

export const APPS = fileURLToPath(new URL('./apps/', import.meta.url));

/** A working copy with real git, as a developer has one. */
export type Repository = Readonly<{
  path: string;
  /** Writes files (undefined removes nothing: name what changes) and commits them; returns the commit id. */
  commit(files: Readonly<Record<string, string>>, message?: string): Promise<string>;
  git(...args: string[]): Promise<{ code: number; output: string }>;
  /** `git push` to the platform's own remote; returns what the terminal showed. */
  push(platform: Platform, project: string, branch?: string): Promise<{ code: number; output: string }>;
  remove(): Promise<void>;
}>;

export async function createRepository(from?: string): Promise<Repository> {
  const path = await mkdtemp(join(tmpdir(), 'anchor-test-repo-'));
  if (from !== undefined)
    await cp(from, path, {
      recursive: true,
      dereference: true,
      filter: (file) => !/\/(node_modules|\.next)(\/|$)/.test(file.slice(from.length)),
    });
  const git = (...args: string[]): Promise<{ code: number; output: string }> =>
    new Promise((resolve) => {
      execFile(
        'git',
        args,
        {
          cwd: path,
          maxBuffer: 64 * 1024 * 1024,
          env: {
            PATH: process.env['PATH'] ?? '/usr/bin:/bin',
            HOME: path,
            GIT_CONFIG_NOSYSTEM: '1',
            GIT_TERMINAL_PROMPT: '0',
          },
        },
        (error, stdout, stderr) =>
          resolve({
            code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1,
            output: stdout + stderr,
          }),
      );
    });
  await git('init', '-q', '-b', 'main');
  await git('config', 'user.name', 'Test');
  await git('config', 'user.email', 'test@example.com');
  return {
    path,
    git,
    async commit(files, message = 'change') {
      for (const [name, content] of Object.entries(files)) {
        await mkdir(dirname(join(path, name)), { recursive: true });
        await writeFile(join(path, name), content);
      }
      await git('add', '-A');
      const done = await git('commit', '-q', '--allow-empty', '-m', message);
      if (done.code !== 0) throw new Error(done.output);
      return (await git('rev-parse', 'HEAD')).output.trim();
    },
    async push(platform, project, branch = 'main') {
      const basic = Buffer.from(`anchor:${platform.token}`).toString('base64');
      return git(
        '-c',
        `http.extraHeader=Authorization: Basic ${basic}`,
        'push',
        '--force',
        `${platform.apiUrl}/git/${project}.git`,
        `HEAD:refs/heads/${branch}`,
      );
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

/** A site of one file that needs no install: the quickest thing that can be deployed. */
export const staticSite = (text: string): Record<string, string> => ({
  'index.html': `<!doctype html><title>${text}</title><h1>${text}</h1>`,
});

/** A Node server without dependencies. */
export const nodeServer = (listener: string): Record<string, string> => ({
  'package.json': JSON.stringify({ name: 'node-app', private: true, scripts: { start: 'node server.js' } }),
  'server.js': `require('node:http').createServer(async (req, res) => {\n${listener}\n}).listen(process.env.PORT);\n`,
});
