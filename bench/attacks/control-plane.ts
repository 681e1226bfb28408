import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProject } from '../../e2e/helpers.ts';
import type { Platform } from '../../e2e/platform.ts';
import { createRepository } from '../../e2e/repository.ts';
import { deploy, end, flood, type Attack } from './attack.ts';

/** C2: nine equal trees, eight deep: a push of some hundred bytes with 43 million paths. */
export const tree: Attack = {
  id: 'git-tree',
  what: 'pushes of a commit with 43 million paths',
  async prepare(platform) {
    await createProject(platform, 'bomb');
    const directory = mkdtempSync(join(tmpdir(), 'anchor-bench-bomb-'));
    const git = (args: readonly string[], input = ''): string =>
      execFileSync('git', args, {
        cwd: directory,
        input,
        encoding: 'utf8',
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: directory,
          GIT_AUTHOR_NAME: 'x',
          GIT_AUTHOR_EMAIL: 'x@example.com',
          GIT_COMMITTER_NAME: 'x',
          GIT_COMMITTER_EMAIL: 'x@example.com',
        },
        stdio: ['pipe', 'pipe', 'ignore'],
      }).trim();
    git(['init', '-q', '-b', 'main']);
    let entry = `100644 blob ${git(['hash-object', '-w', '--stdin'], 'x')}`;
    for (let depth = 0; depth < 8; depth++)
      entry = `040000 tree ${git(['mktree'], Array.from({ length: 9 }, (_, i) => `${entry}\tn${i}\n`).join(''))}`;
    const root = entry.split(' ')[2] ?? '';
    const remote = `http://x:${platform.token}@127.0.0.1:${platform.apiPort}/git/bomb.git`;
    return async () => {
      const stop = await flood(2, async (i) => {
        const commit = git(['commit-tree', root, '-m', `bomb ${i}`]);
        await pushed(directory, remote, `${commit}:refs/heads/b${i % 2}`);
      });
      return async () => {
        await stop();
        await end(platform, 'bomb');
        rmSync(directory, { recursive: true, force: true });
      };
    };
  },
};

const pushed = (cwd: string, remote: string, ref: string): Promise<void> =>
  new Promise((resolve) => {
    execFile(
      'git',
      ['push', '-q', '--force', remote, ref],
      { cwd, timeout: 20_000, env: { PATH: process.env['PATH'] ?? '', HOME: cwd, GIT_TERMINAL_PROMPT: '0' } },
      () => resolve(),
    );
  });

/** A build that computes, prints and writes as much as it can. */
export const build: Attack = {
  id: 'build',
  what: 'a build that computes in eight processes, prints and writes without end',
  async prepare(platform) {
    await createProject(platform, 'builder');
    const repository = await createRepository();
    const script = `const { spawn } = require('node:child_process'); const fs = require('node:fs');
const until = Date.now() + 60000;
for (let i = 0; i < 8; i++) spawn(process.execPath, ['-e', 'const until = Date.now() + 60000; while (Date.now() < until);'], { stdio: 'ignore' });
let n = 0; const bytes = Buffer.alloc(1 << 20, 1);
(function turn() { if (Date.now() > until) return; console.log('x'.repeat(1000)); try { fs.writeFileSync('f' + n++ % 500, bytes); } catch {} setImmediate(turn); })();\n`;
    return async () => {
      await repository.commit({
        'package.json': JSON.stringify({ name: 'b', private: true, scripts: { build: 'node build.js' } }),
        'build.js': script,
      });
      const running = repository.push(platform, 'builder');
      return async () => {
        const { body } = await platform.api<{ items: { id: string }[] }>(
          'GET',
          '/api/projects/builder/deployments?limit=5',
        );
        for (const { id } of body.items) await platform.api('POST', `/api/deployments/${id}/cancel`);
        await running;
        await repository.remove();
        await end(platform, 'builder');
      };
    };
  },
};

/** Clients that follow a large log from its start again and again, and searches of it. */
export const logs: Attack = {
  id: 'logs',
  what: 'searches of a 20 MB build log, and 50 followers that read it from its start',
  async prepare(platform) {
    await deploy(platform, 'logger', {
      'package.json': JSON.stringify({
        name: 'l',
        private: true,
        scripts: { build: 'node build.js', start: 'node server.js' },
      }),
      // 40 MB, of which the log keeps 20.
      'build.js': "const line = 'x'.repeat(1000); for (let i = 0; i < 40000; i++) console.log(line);\n",
      'server.js': "require('node:http').createServer((q, r) => r.end('ok')).listen(process.env.PORT);\n",
    });
    const { body } = await platform.api<{ items: { id: string }[] }>('GET', '/api/projects/logger/deployments?limit=1');
    const id = body.items[0]?.id ?? '';
    return async () => {
      const stopFollowers = await flood(50, () => discarded(platform, `/api/deployments/${id}/logs?follow=true`));
      const stop = await flood(4, () =>
        platform.api('GET', `/api/deployments/${id}/logs?text=nowhere-to-be-found&limit=5000`),
      );
      return async () => {
        await Promise.all([end(platform, 'logger'), stop(), stopFollowers()]);
      };
    };
  },
};

/** Reads a response to its end without looking at it: an attacker has a processor of its own for that. */
const discarded = (platform: Platform, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${platform.token}` };
    get({ host: '127.0.0.1', port: platform.apiPort, path, headers, agent: false }, (response) => {
      response.resume().once('close', resolve);
    }).once('error', reject);
  });
