import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BuildRequest } from '@anchor/core/ports/build-runner.ts';
import { restoreNextCache, copyNextCache, saveNextCache } from './next-cache.ts';
import type { Session } from '../session/session.ts';

test('a build of untrusted code gets no Next.js cache, whatever its branch is called, and leaves none', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'anchor-test-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const source = join(dir, 'src');
  const scope = (name: string): string => join(dir, 'scopes', name);
  for (const path of [source, join(scope('main'), 'next/fetch-cache')]) mkdirSync(path, { recursive: true });
  const work = {
    source,
    scope,
    directory: async (path: string) => mkdirSync(path, { recursive: true }),
    discard: async (path: string) => rmSync(path, { recursive: true, force: true }),
  };
  const session = { work } as unknown as Session;
  const request = (cache?: BuildRequest['cache']) =>
    ({ source: { kind: 'git', branch: 'main' }, ...(cache === undefined ? {} : { cache }) }) as unknown as BuildRequest;

  assert.deepEqual(await restoreNextCache(session, request(), ''), { copy: false, mounts: [] });
  assert.deepEqual(await readdir(source), []);
  mkdirSync(join(source, '.next/cache/poison'), { recursive: true });
  await saveNextCache(session, request(), '', '.next');
  assert.deepEqual(await readdir(join(scope('main'), 'next')), ['fetch-cache']);

  assert.equal(
    (await restoreNextCache(session, request({ scope: 'preview', fallback: 'main' }), '')).copy,
    true,
    'a trusted preview copies it',
  );
});

test('a branch without a cache starts with what production compiled, and without what it fetched', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'anchor-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const path of ['from/webpack', 'from/fetch-cache', 'app']) mkdirSync(join(folder, path), { recursive: true });
  await copyNextCache(
    async (program = '', ...args) =>
      void execFileSync(
        program,
        args.map((arg) => (arg === '/cache-from' ? join(folder, 'from') : arg)),
        { cwd: join(folder, 'app') },
      ),
  );
  assert.deepEqual(await readdir(join(folder, 'app/.next/cache')), ['webpack']);
});
