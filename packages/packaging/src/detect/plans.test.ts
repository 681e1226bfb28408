import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { BuildSettings } from '@anchor/core/projects/project.ts';
import { detect } from './detect.ts';
import type { Listing, Plan } from './plan.ts';
import { directories, planFor, startOf, vite } from './testing.ts';

test('the root of a monorepo is not deployed as one of its tools: the error names its applications', () => {
  const packages = new Map<string, Record<string, unknown>>([
    ['packages/ui', { name: 'ui', private: true, scripts: { build: 'tsc' } }],
    ['apps/docs', { private: true, scripts: { build: 'next build' }, dependencies: { next: '16' } }],
    ['apps/api', { scripts: { start: 'node a.js' } }],
  ]);
  for (const scripts of [
    { build: 'turbo run build', dev: 'turbo dev' },
    { build: 'turbo run build', start: 'turbo run start' },
    { build: 'pnpm -r build' },
    { build: 'nx run-many -t build' },
  ]) {
    const result = detect({
      files: ['apps/', 'turbo.json'],
      settings: {},
      packageJson: { private: true, scripts, devDependencies: { turbo: '2' } },
      packages,
    });
    assert.ok(!result.ok, JSON.stringify(scripts));
    assert.match(result.error.cause ?? '', /apps\/api, apps\/docs\.$/);
    assert.match(result.error.fix, /anchor projects update --root apps\/api/);
  }
});

test('the root of a monorepo is known by any tool that runs the scripts of its packages', () => {
  const packages = new Map([['apps/web', { scripts: { build: 'vite build' }, devDependencies: { vite: '7' } }]]);
  for (const build of ['moon run :build', 'wireit', 'lage build', 'rush build', 'npx turbo run build', 'turbo build']) {
    const result = detect({
      files: ['apps/'],
      settings: {},
      packageJson: { private: true, scripts: { build } },
      packages,
    });
    assert.ok(!result.ok, build);
    assert.match(result.error.fix, /anchor projects update --root apps\/web/);
  }
  assert.equal(planFor({ scripts: { build: 'node moon.js && echo turbocharged' } })?.framework, 'static');
});

test('an app for phones is told how its web version is built, and one of Ember has one page for all paths', () => {
  const expo = detect({
    files: ['app/'],
    settings: {},
    packageJson: { main: 'expo-router/entry', dependencies: { expo: '53' }, scripts: { start: 'expo start' } },
  });
  assert.ok(!expo.ok && /expo export --platform web/.test(expo.error.fix));
  const ember = { devDependencies: { 'ember-cli': '6' }, scripts: { build: 'ember build', start: 'ember serve' } };
  assert.equal(planFor(ember)?.framework, 'spa');
});

test('a server of Fastify that watches its files runs once', () => {
  const scripts = { start: 'fastify start -w -l info -P app.js' };
  const plan = planFor({ scripts, dependencies: { fastify: '5', 'fastify-cli': '7' } });
  assert.equal(plan && startOf(plan), 'fastify start -l info app.js');
});

test('a module that node loads first, and a folder that is copied, make no monorepo', () => {
  for (const start of [
    'node -r dotenv/config dist/index.js',
    'node -r ts-node/register src/a.ts',
    'nodemon -x "node -r esm" src/a.js',
  ]) {
    assert.equal(planFor({ scripts: { start }, dependencies: { express: '5' } })?.framework, 'node', start);
  }
  assert.equal(planFor({ scripts: { build: 'mkdir -p dist && cp -r pages/. dist' } })?.framework, 'static');
  for (const build of [
    'pnpm -r build',
    'cross-env CI=1 pnpm --recursive run build',
    'npm run build -ws',
    'npm run build --workspaces',
  ])
    assert.equal(planFor({ scripts: { build } }), undefined, build);
});

test('a start script that does more than start Next.js is reported as not run', () => {
  const notes = (start: string): readonly string[] =>
    planFor({ dependencies: { next: '16' }, scripts: { build: 'next build', start } })?.notes ?? [];
  for (const start of [
    'node server.js',
    'NODE_ENV=production node server.js',
    'cross-env NODE_ENV=production tsx server.ts',
    'prisma migrate deploy && next start',
    'concurrently "next start" "node worker.js"',
  ])
    assert.match(notes(start).join(), /not run.*anchor projects update --start/, start);
  for (const start of [
    'next start',
    'next start -p $PORT',
    'cross-env A=1 next start',
    'npx next start',
    'next dev',
    'serve out',
    'node .next/standalone/server.js',
    'next build && next start',
  ])
    assert.deepEqual(notes(start), [], start);
});

test('a server without a start script is never served as a folder of files', () => {
  const express = { dependencies: { express: '5' } };
  for (const files of [
    ['src/', 'index.html', 'prisma/'],
    ['src/', 'public/'],
    ['api/', 'public/'],
    ['routes/', 'dist/', 'index.html'],
  ]) {
    for (const scripts of [{}, { dev: 'nodemon src/index.js' }])
      assert.equal(planFor({ ...express, scripts }, files), undefined, files.join());
    const plan = planFor({ ...express, scripts: { build: 'tsc' } }, files);
    assert.equal(plan?.framework, 'node', files.join());
    assert.ok(
      plan.output.kind === 'server' &&
        plan.output.guessed === true &&
        plan.output.files?.directories.every((name) => name !== '.' && name !== 'public') === true,
    );
  }
  assert.equal(
    startOf(
      planFor({ ...express, scripts: { build: 'tailwindcss -o public/a.css' } }, [
        'server.js',
        'index.html',
        'public/',
      ]) as Plan,
    ),
    'node server.js',
  );
  const result = detect({ files: ['src/', 'index.html'], settings: {}, packageJson: express });
  assert.match(result.ok ? '' : result.error.fix, /"start" script/);
  // Of a site's tools one may use such a library.
  assert.equal(
    planFor({ devDependencies: { express: '5' }, scripts: { build: 'node build.js' } }, ['index.html'])?.framework,
    'static',
  );
});

test('a vite app with an Express server in its root is that server, with a line in the build log', () => {
  const planOf = (listing: Partial<Listing>): Plan => {
    const result = detect({
      files: ['index.html', 'server.js', 'src/'],
      settings: {},
      packageJson: { ...vite, dependencies: { express: '5' } },
      listeningServer: 'server.js',
      ...listing,
    });
    assert.ok(result.ok);
    return result.value;
  };
  const plan = planOf({});
  assert.deepEqual(
    [plan.framework, startOf(plan), plan.build, plan.because],
    ['node', 'node server.js', { script: 'build' }, 'server.js listens, and express is a dependency'],
  );
  assert.match(plan.notes?.join() ?? '', /anchor projects update --framework spa$/);
  const { build: _, ...scripts } = vite.scripts;
  assert.deepEqual(
    [startOf(planOf({ packageJson: { ...vite, scripts, dependencies: { express: '5' } } }))],
    ['node server.js'],
    'without a build script',
  );
  const files: readonly Partial<Listing>[] = [
    { packageJson: vite },
    { packageJson: { ...vite, devDependencies: { ...vite.devDependencies, express: '5' } } },
    { settings: { framework: 'spa' } },
    { settings: { outputDirectory: 'dist' } },
  ];
  for (const listing of files) assert.equal(planOf(listing).framework, 'spa', JSON.stringify(listing));
  const silent = detect({
    files: ['index.html', 'server.js', 'src/'],
    settings: {},
    packageJson: { ...vite, dependencies: { express: '5' } },
  });
  assert.equal(silent.ok ? silent.value.framework : silent.error.code, 'spa', 'its server.js opens no port');
});

test('an application whose tool has no build script is built by it, not served as its sources', () => {
  const built = (tool: string, files: readonly string[], start = 'x'): Plan | undefined =>
    planFor({ devDependencies: { [tool]: '9' }, scripts: { dev: start } }, files);
  assert.deepEqual(built('vite', ['index.html', 'src/'])?.build, { shell: 'vite build' });
  assert.deepEqual(built('react-scripts', ['public/', 'src/'])?.build, { shell: 'react-scripts build' });
  assert.deepEqual(built('astro', ['public/', 'src/'])?.build, { shell: 'astro build' });
  assert.deepEqual(built('nuxt', ['app/', 'public/'])?.output.kind, 'server');
  assert.ok(
    directories(built('react-scripts', ['public/', 'src/']) as Plan).every((name) => name !== 'public'),
    'public/index.html is its template',
  );
  assert.equal(built('vite', ['src/']), undefined, 'a library');
  assert.equal(
    planFor({ devDependencies: { vite: '9' }, scripts: { start: 'serve .' } }, ['index.html'])?.build,
    undefined,
    'its start script shows the folder as it is',
  );
  const plain = detect({
    files: ['index.html'],
    settings: { buildCommand: '' },
    packageJson: { devDependencies: { vite: '9' } },
  });
  assert.equal(plain.ok ? plain.value.build : 'error', undefined, 'a setting says that nothing is built');
});

test('scripts that call each other many times are followed in bounded time', () => {
  const scripts = Object.fromEntries(
    Array.from({ length: 12 }, (_, i) => [`s${i}`, `${`npm run s${i + 1} && `.repeat(10)}node a.js`]),
  );
  // Processor time of this thread: a busy machine does not count.
  const before = process.threadCpuUsage();
  for (const start of ['npm run s0', 'run-p s0 s1 s2', 'concurrently "npm:s0" "npm:s1"'])
    assert.equal(planFor({ scripts: { ...scripts, prestart: 'npm run s1', start } })?.framework, 'node');
  const many = Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`serve:ssr:${i}`, 'npm run s0 && vite']));
  planFor({ scripts: { ...scripts, ...many } });
  for (const piece of ['cd a && ', 'npm run s0 && ', 'pnpm -r ', "'a' "])
    planFor({
      scripts: {
        ...scripts,
        start: piece.repeat(Math.floor(60_000 / piece.length)),
        build: piece.repeat(Math.floor(4_000_000 / piece.length)),
      },
    });
  const { user, system } = process.threadCpuUsage(before);
  assert.ok(user + system < 5_000_000, `${user + system} µs`);
});

test('nothing to build is an error with what to add', () => {
  const inputs: readonly Listing[] = [
    { files: ['README.md'], settings: {} },
    { files: [], settings: {}, packageJson: { name: 'library' } },
  ];
  for (const input of inputs) {
    const result = detect(input);
    assert.ok(!result.ok);
    assert.equal(result.error.code, 'detect_failed');
    assert.match(result.error.fix, /package\.json/);
  }
});

test('the Node version comes from the setting, then a version file, then engines', () => {
  const pkg = { scripts: { start: 'node a.js' }, engines: { node: '>=22' } };
  const range = (settings: BuildSettings, nodeVersionFile?: string): string | undefined => {
    const result = detect({
      files: [],
      settings,
      packageJson: pkg,
      ...(nodeVersionFile === undefined ? {} : { nodeVersionFile }),
    });
    assert.ok(result.ok);
    return result.value.nodeRange;
  };
  assert.equal(range({ nodeVersion: '20' }, '24'), '20');
  assert.equal(range({}, '24'), '24');
  assert.equal(range({}), '>=22');
});
