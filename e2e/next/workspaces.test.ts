/**
 * An app in `apps/web` of a turborepo, with every package manager. It needs a package that has to be built first, and
 * files outside of its folder. Yarn classic fetches the packages of all systems, which a registry mirror may not have:
 * its fixture replaces them by a small one.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { logOf, newest } from '../helpers.ts';
import { startPlatform, type Platform } from '../platform.ts';
import { APPS } from '../repository.ts';
import { deployApp, inEveryPhase, type Site } from './site.ts';

type Workspace = Readonly<{ name: string; folder: string; install: string; build: string; settings?: object }>;
const TURBO = 'turbo run build --filter=./apps/web --env-mode=loose';
const WORKSPACES: readonly Workspace[] = [
  {
    name: 'npm, and a build command of its own that runs turbo from the root',
    folder: 'npm',
    install: 'npm ci',
    build: 'cd ../.. && npm run build',
    settings: { buildCommand: 'cd ../.. && npm run build' },
  },
  { name: 'pnpm', folder: 'pnpm', install: 'pnpm install --frozen-lockfile', build: TURBO },
  {
    name: 'pnpm with Next 15, a plain server',
    folder: 'pnpm-15',
    install: 'pnpm install --frozen-lockfile',
    build: TURBO,
  },
  { name: 'yarn classic', folder: 'yarn', install: 'yarn install --frozen-lockfile', build: TURBO },
  { name: "yarn berry, set to Plug'n'Play", folder: 'berry', install: 'yarn install --immutable', build: TURBO },
  { name: 'bun', folder: 'bun', install: 'bun install --frozen-lockfile', build: TURBO },
];
const only = process.env['WORKSPACES']?.split(',');

/** Returns every file of a folder that overlays the common ones. */
function filesOf(folder: string): Record<string, string> {
  const root = join(APPS, 'workspace', folder);
  const files: Record<string, string> = {};
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files[path.slice(root.length + 1)] = readFileSync(path, 'utf8');
  }
  return files;
}

let platform: Platform;
before(async () => {
  platform = await startPlatform({ flags: ['--function-round-robin'] });
});
after(() => platform.stop());

for (const { name, folder, install, build, settings } of WORKSPACES.filter(
  ({ folder }) => only === undefined || only.includes(folder),
)) {
  describe(name, () => {
    let site: Site;
    before(async () => {
      site = await deployApp(platform, {
        app: 'workspace/common',
        name: `workspace-${folder}`,
        hold: '/api/hold',
        files: filesOf(folder),
        settings: { build: { rootDirectory: 'apps/web', ...settings } },
      });
    });
    after(() => site?.remove());

    test('its dependencies are installed from the lock file, and turbo builds the package that it needs first', async () => {
      const log = await logOf(platform, (await newest(platform, site.name)).id);
      assert.ok(log.includes(`$ ${install}`), log);
      assert.ok(log.includes(`$ ${build}`), log);
      assert.match(log, /@acme\/ui:build/);
      assert.doesNotMatch(log, /There is no lock file/);
    });

    inEveryPhase(
      () => site,
      () => {
        test('pages and files come from the edge', async () => {
          const home = await site.request('/');
          assert.match(home.body, /<h1 data-from="@acme\/ui">Workspace<\/h1>/);
          assert.equal(home.headers['x-anchor-cache'], 'HIT');
          assert.equal((await site.request('/pic.png')).status, 200);
        });

        test('the function has the packages and the files outside of the app that it needs', async () => {
          const hello = await site.request('/api/hello');
          assert.equal(hello.status, 200, hello.body);
          assert.deepEqual(JSON.parse(hello.body), { greeting: 'Hello from outside the app', day: 86_400_000 });
          assert.match((await site.request('/now')).body, /<h1 data-from="@acme\/ui">at=\d+<\/h1>/);
        });

        test('images are optimized with the codecs of the workspace', async () => {
          const image = await site.request('/_next/image?url=%2Fpic.png&w=64&q=75', {
            headers: { accept: 'image/webp,*/*' },
          });
          assert.deepEqual(
            [image.status, image.headers['content-type']],
            [200, 'image/webp'],
            image.body.slice(0, 300),
          );
        });
      },
    );
  });
}
