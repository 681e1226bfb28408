import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { BuildSettings } from '@anchor/core/projects/project.ts';
import { detect } from './detect.ts';
import type { Plan } from './plan.ts';
import { directories, startOf, vite } from './testing.ts';

type Row = Readonly<{
  what: string;
  files?: readonly string[];
  pkg?: Record<string, unknown>;
  settings?: BuildSettings;
  procfile?: string;
  customServer?: string;
  packages?: Record<string, Record<string, unknown>>;
  framework: Plan['framework'];
  check?: (plan: Plan) => void;
}>;

const ROWS: readonly Row[] = [
  {
    what: 'a dependency on next',
    pkg: { dependencies: { next: '16.4.6' }, scripts: { build: 'next build', start: 'next start' } },
    framework: 'nextjs',
    check: (plan) => assert.deepEqual(plan.build, { script: 'build' }),
  },
  {
    what: 'next without a build script',
    pkg: { dependencies: { next: '15.0.0' } },
    framework: 'nextjs',
    check: (plan) => assert.deepEqual(plan.build, { shell: 'next build' }),
  },
  {
    what: 'next among the development dependencies',
    pkg: { devDependencies: { next: '16.0.0' } },
    framework: 'nextjs',
  },
  {
    what: 'next with its own start command set',
    pkg: { dependencies: { next: '16.0.0' } },
    settings: { startCommand: 'next start -p 80' },
    framework: 'nextjs',
  },
  {
    what: 'next behind a custom server',
    pkg: { dependencies: { next: '16.0.0' } },
    settings: { startCommand: 'node server.js' },
    framework: 'node',
    check: (plan) => {
      assert.equal(plan.output.kind, 'server');
      assert.equal(plan.aroundNext, true);
    },
  },
  {
    what: 'next behind a custom server of its start script',
    customServer: 'server.js',
    pkg: {
      dependencies: { next: '16.0.0' },
      scripts: { build: 'next build', start: 'NODE_ENV=production node server.js' },
    },
    framework: 'node',
    check: (plan) => {
      assert.deepEqual(
        [startOf(plan), plan.aroundNext, plan.because],
        ['node server.js', true, 'server.js runs Next.js inside a server of its own'],
      );
      assert.deepEqual(plan.build, { script: 'build' });
      assert.match(plan.notes?.[0] ?? '', /none from the edge.*anchor projects update --framework nextjs$/);
    },
  },
  {
    what: 'next behind a custom server that its start script builds',
    customServer: 'server.ts',
    pkg: { dependencies: { next: '16.0.0' }, scripts: { start: 'next build && node server.js' } },
    framework: 'node',
    check: (plan) => {
      assert.equal(startOf(plan), 'node server.js');
      assert.deepEqual(plan.build, { shell: 'next build' });
    },
  },
  {
    what: 'next, as the setting says, despite a custom server',
    customServer: 'server.js',
    pkg: { dependencies: { next: '16.0.0' }, scripts: { start: 'node server.js' } },
    settings: { framework: 'nextjs' },
    framework: 'nextjs',
    check: (plan) => assert.equal(plan.notes, undefined),
  },
  {
    what: 'plain html',
    files: ['index.html', 'style.css'],
    framework: 'static',
    check: (plan) => {
      assert.equal(plan.build, undefined);
      assert.deepEqual(directories(plan), ['.']);
    },
  },
  { what: 'a public folder', files: ['public/', 'README.md'], framework: 'static' },
  {
    what: 'a vite app',
    files: ['index.html', 'src/'],
    pkg: vite,
    framework: 'spa',
    check: (plan) => assert.equal(directories(plan)[0], 'dist'),
  },
  {
    what: 'a vite app whose start is vite',
    files: ['index.html'],
    pkg: { ...vite, scripts: { ...vite.scripts, start: 'vite --port 3000' } },
    framework: 'spa',
  },
  {
    what: 'a vite app with a server of its own',
    pkg: { ...vite, scripts: { ...vite.scripts, start: 'node server.js' } },
    framework: 'node',
  },
  {
    what: 'create-react-app',
    pkg: {
      dependencies: { 'react-scripts': '5' },
      scripts: { start: 'react-scripts start', build: 'react-scripts build' },
    },
    framework: 'spa',
  },
  {
    what: 'angular',
    pkg: { devDependencies: { '@angular/cli': '20' }, scripts: { start: 'ng serve', build: 'ng build' } },
    framework: 'spa',
  },
  {
    what: 'astro, which uses vite',
    pkg: { dependencies: { astro: '5', vite: '7' }, scripts: { start: 'astro dev', build: 'astro build' } },
    framework: 'static',
  },
  {
    what: 'eleventy',
    pkg: { devDependencies: { '@11ty/eleventy': '3' }, scripts: { build: 'eleventy', start: 'eleventy --serve' } },
    framework: 'static',
    check: (plan) => assert.ok(directories(plan).includes('_site')),
  },
  { what: 'a build of an unknown tool', pkg: { scripts: { build: 'node build.js' } }, framework: 'static' },
  {
    what: 'a server with a start script',
    pkg: { dependencies: { express: '5' }, scripts: { start: 'node src/index.js' } },
    framework: 'node',
    check: (plan) =>
      assert.deepEqual(plan.output, {
        kind: 'server',
        start: { kind: 'argv', argv: ['node', 'src/index.js'], environment: {}, entry: 'src/index.js' },
      }),
  },
  { what: 'server.js without scripts', files: ['server.js'], pkg: {}, framework: 'node' },
  {
    what: 'a start command in the settings',
    files: ['main.ts'],
    pkg: {},
    settings: { startCommand: 'node main.ts' },
    framework: 'node',
  },
  {
    what: 'an output directory in the settings',
    pkg: vite,
    settings: { outputDirectory: 'web/out' },
    framework: 'spa',
    check: (plan) => assert.deepEqual(directories(plan), ['web/out']),
  },
  {
    what: 'a framework in the settings',
    pkg: { dependencies: { next: '16' }, scripts: { build: 'next build' } },
    settings: { framework: 'static', outputDirectory: 'out' },
    framework: 'static',
  },
  {
    what: 'a build command in the settings',
    pkg: vite,
    settings: { buildCommand: 'make site && cp -r a b' },
    framework: 'spa',
    check: (plan) => assert.deepEqual(plan.build, { shell: 'make site && cp -r a b' }),
  },
  {
    what: 'a vite app started by another script',
    pkg: { ...vite, scripts: { ...vite.scripts, start: 'npm run dev' } },
    framework: 'spa',
  },
  {
    what: 'nuxt without a start script',
    pkg: { dependencies: { nuxt: '4' }, scripts: { build: 'nuxt build', preview: 'nuxt preview' } },
    framework: 'node',
    check: (plan) => assert.equal(startOf(plan), 'node .output/server/index.mjs'),
  },
  {
    what: 'nuxt 2',
    pkg: { dependencies: { nuxt: '2' }, scripts: { build: 'nuxt build', start: 'nuxt start' } },
    framework: 'node',
    check: (plan) => assert.equal(startOf(plan), 'nuxt start'),
  },
  {
    what: 'sveltekit with adapter-node',
    pkg: {
      devDependencies: { '@sveltejs/kit': '2', '@sveltejs/adapter-node': '5', vite: '7' },
      scripts: { build: 'vite build', preview: 'vite preview' },
    },
    framework: 'node',
    check: (plan) => assert.equal(plan.buildEnvironment, undefined),
  },
  {
    what: 'sveltekit with adapter-auto',
    pkg: {
      devDependencies: { '@sveltejs/kit': '2', '@sveltejs/adapter-auto': '6', vite: '7' },
      scripts: { build: 'vite build' },
    },
    framework: 'node',
    check: (plan) => assert.deepEqual(plan.buildEnvironment, { GCP_BUILDPACKS: '1' }),
  },
  {
    what: 'sveltekit with adapter-static',
    pkg: {
      devDependencies: { '@sveltejs/kit': '2', '@sveltejs/adapter-static': '3', vite: '7' },
      scripts: { build: 'vite build' },
    },
    framework: 'static',
  },
  {
    what: 'astro with its node adapter',
    pkg: { dependencies: { astro: '5', '@astrojs/node': '9' }, scripts: { start: 'astro dev', build: 'astro build' } },
    framework: 'node',
  },
  {
    what: 'angular with a server',
    pkg: {
      dependencies: { '@angular/ssr': '19' },
      devDependencies: { '@angular/cli': '19' },
      scripts: { start: 'ng serve', build: 'ng build', 'serve:ssr:app': 'node dist/app/server/server.mjs' },
    },
    framework: 'node',
    check: (plan) => assert.equal(startOf(plan), 'node dist/app/server/server.mjs'),
  },
  {
    what: 'nest, whose start compiles',
    pkg: {
      dependencies: { '@nestjs/core': '11' },
      scripts: { build: 'nest build', start: 'nest start', 'start:prod': 'node dist/main' },
    },
    framework: 'node',
    check: (plan) => assert.equal(startOf(plan), 'node dist/main'),
  },
  {
    what: 'solid-start',
    pkg: {
      dependencies: { '@solidjs/start': '1', vinxi: '0.5' },
      scripts: { build: 'vinxi build', start: 'vinxi start' },
    },
    framework: 'node',
  },
  {
    what: 'react router without a server',
    pkg: {
      dependencies: { 'react-router': '7' },
      devDependencies: { '@react-router/dev': '7', vite: '8' },
      scripts: { build: 'react-router build', dev: 'react-router dev' },
    },
    framework: 'spa',
  },
  {
    what: 'express with a main alone',
    files: ['index.js'],
    pkg: { main: 'index.js', dependencies: { express: '5' } },
    framework: 'node',
    check: (plan) => assert.equal(startOf(plan), 'node index.js'),
  },
  {
    what: 'a Procfile',
    files: ['Procfile', 'lib/'],
    procfile: 'release: node migrate.js\nweb: node lib/web.js',
    pkg: { dependencies: { express: '5' } },
    framework: 'node',
    check: (plan) => assert.equal(startOf(plan), 'node lib/web.js'),
  },
  {
    what: 'vitepress with docs: scripts',
    files: ['docs/'],
    pkg: {
      devDependencies: { vitepress: '1' },
      scripts: { 'docs:build': 'vitepress build docs', 'docs:dev': 'vitepress dev docs' },
    },
    framework: 'static',
    check: (plan) => assert.deepEqual(plan.build, { script: 'docs:build' }),
  },
  {
    what: 'a start that builds and starts',
    pkg: { scripts: { start: 'tsc && node dist/index.js' }, devDependencies: { typescript: '5' } },
    framework: 'node',
    check: (plan) => {
      assert.equal(startOf(plan), 'node dist/index.js');
      assert.deepEqual(plan.build, { shell: 'tsc' });
    },
  },
  {
    what: 'a build before the start',
    pkg: { scripts: { prestart: 'npm run build', build: 'tsc', start: 'node dist/index.js' } },
    framework: 'node',
    check: (plan) => assert.equal(startOf(plan), 'node dist/index.js'),
  },
  {
    what: 'a migration before the start',
    pkg: { scripts: { prestart: 'node migrate.js', start: 'node index.js' } },
    framework: 'node',
    check: (plan) => assert.equal(startOf(plan), "node migrate.js && 'node' 'index.js'"),
  },
  {
    what: 'a vite app in a folder of a monorepo',
    files: ['app/'],
    packages: {
      app: {
        name: 'app',
        private: true,
        devDependencies: { vite: '5' },
        scripts: { start: 'yarn && vite', build: 'vite build' },
      },
    },
    pkg: {
      private: true,
      workspaces: ['app'],
      scripts: { start: 'yarn --cwd ./app start', build: 'yarn --cwd ./app build' },
    },
    framework: 'spa',
    check: (plan) => assert.equal(directories(plan)[0], 'app/dist'),
  },
  {
    what: 'a folder that "serve" shows, beside a main',
    files: ['server.mjs', 'build/'],
    pkg: { main: 'server.mjs', scripts: { start: 'npx serve -s build -l 3000' } },
    framework: 'spa',
    check: (plan) => assert.deepEqual(directories(plan), ['build']),
  },
  {
    what: 'http-server with a port',
    files: ['site/'],
    pkg: { scripts: { start: 'http-server -p 8080 ./site' } },
    framework: 'static',
    check: (plan) => assert.deepEqual(directories(plan), ['site']),
  },
  {
    what: 'an empty build command',
    files: ['index.html'],
    pkg: { scripts: { build: 'false' } },
    settings: { buildCommand: '' },
    framework: 'static',
    check: (plan) => assert.equal(plan.build, undefined),
  },
];

for (const row of ROWS) {
  test(`${row.what} is detected as ${row.framework}`, () => {
    const result = detect({
      files: row.files ?? [],
      settings: row.settings ?? {},
      ...(row.procfile === undefined ? {} : { procfile: row.procfile }),
      ...(row.customServer === undefined ? {} : { customServer: row.customServer }),
      ...(row.packages === undefined ? {} : { packages: new Map(Object.entries(row.packages)) }),
      ...(row.pkg === undefined ? {} : { packageJson: row.pkg }),
    });
    assert.ok(result.ok, result.ok ? '' : result.error.fix);
    assert.equal(result.value.framework, row.framework);
    row.check?.(result.value);
  });
}
