import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { preloadNextRuntime } from './preload-next.ts';
import type { FunctionFiles } from '../routing/description.ts';

/** A tree with these runtimes in its Next, each of which prints a line when it is loaded. */
function tree(t: TestContext, types: readonly string[], runtimes: readonly string[]) {
  const root = mkdtempSync(join(tmpdir(), 'anchor-test-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  put('package.json', '{"type":"commonjs"}');
  put('node_modules/next/package.json', '{"name":"next"}');
  for (const name of runtimes)
    put(
      `node_modules/next/dist/compiled/next-server/${name}`,
      `(globalThis.loadedAhead ??= []).push(${JSON.stringify(name)});`,
    );
  put('app.js', 'globalThis.loadedAhead.push("app");');
  const entries = types.map((type) => ({
    id: type,
    type,
    pathname: '/',
    filePath: 'app.js',
    runtime: type === 'EDGE' ? 'edge' : 'nodejs',
  }));
  const files = {
    root,
    projectDir: root,
    distDir: root,
    require: createRequire(join(root, 'package.json')),
    description: { entries },
  };
  return files as unknown as FunctionFiles;
}

const names = (paths: readonly string[]): string[] => paths.map((path) => basename(path)).sort();

test("Next's runtime of each kind of entry point is loaded, and nothing of the app", (t) => {
  const files = tree(
    t,
    ['APP_PAGE', 'APP_PAGE', 'APP_ROUTE'],
    [
      'app-page-turbo.runtime.prod.js',
      'app-route-turbo.runtime.prod.js',
      'pages-turbo.runtime.prod.js',
      'app-page-turbo.runtime.dev.js',
    ],
  );
  assert.deepEqual(names(preloadNextRuntime(files)), [
    'app-page-turbo.runtime.prod.js',
    'app-route-turbo.runtime.prod.js',
  ]);
  assert.deepEqual([...Reflect.get(globalThis, 'loadedAhead')].sort(), [
    'app-page-turbo.runtime.prod.js',
    'app-route-turbo.runtime.prod.js',
  ]);
});

test('of two that would do, none is loaded: the app was built for one of them', (t) => {
  const files = tree(
    t,
    ['APP_PAGE', 'PAGES'],
    [
      'app-page.runtime.prod.js',
      'app-page-experimental.runtime.prod.js',
      'pages.runtime.prod.js',
      'pages-api.runtime.prod.js',
    ],
  );
  assert.deepEqual(names(preloadNextRuntime(files)), ['pages.runtime.prod.js']);
});

test('a Next that is laid out otherwise is left to the first request', (t) => {
  assert.deepEqual(preloadNextRuntime(tree(t, ['APP_PAGE', 'EDGE'], [])), []);
});
