import { strict as assert } from 'node:assert';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { findCause } from '../explain/find-cause.ts';
import { settleOutput } from './built-output.ts';
import type { Settled } from './settled.ts';
import { detect } from './detect.ts';

type Row = Readonly<{ what: string; pkg: Record<string, unknown>; left: readonly string[]; serves: string }>;
const build = (scripts: object = {}) => ({ scripts: { build: 'x', ...scripts } });

const ROWS: readonly Row[] = [
  {
    what: 'nuxt build',
    pkg: { ...build(), dependencies: { nuxt: '4' } },
    left: ['.output/server/index.mjs', '.output/public/index.html', '.output/public/_nuxt/a.js'],
    serves: 'node .output/server/index.mjs',
  },
  {
    what: 'nuxt generate',
    pkg: { ...build(), dependencies: { nuxt: '4' } },
    left: ['.output/public/index.html', '.output/public/200.html', 'dist/index.html'],
    serves: 'files .output/public',
  },
  {
    what: 'adapter-node with a prerendered home',
    pkg: { ...build(), devDependencies: { '@sveltejs/kit': '2', '@sveltejs/adapter-node': '5' } },
    left: ['build/index.js', 'build/client/_app/a.css', 'build/prerendered/index.html'],
    serves: 'node build/index.js',
  },
  {
    what: 'adapter-node named by a setting of another adapter',
    pkg: { ...build(), devDependencies: { '@sveltejs/kit': '2' } },
    left: ['build/index.js', 'build/client/a.css', 'build/prerendered/index.html'],
    serves: 'node build/index.js',
  },
  {
    what: 'adapter-static',
    pkg: { ...build(), devDependencies: { '@sveltejs/kit': '2', '@sveltejs/adapter-static': '3' } },
    left: ['build/index.html', 'build/_app/a.css'],
    serves: 'files build',
  },
  {
    what: 'a sveltekit build without an adapter',
    pkg: { ...build(), devDependencies: { '@sveltejs/kit': '2' } },
    left: ['.svelte-kit/output/prerendered/pages/index.html'],
    serves: 'output_missing',
  },
  {
    what: 'astro with a server',
    pkg: { ...build(), dependencies: { astro: '5', '@astrojs/node': '9' } },
    left: ['dist/server/entry.mjs', 'dist/client/index.html'],
    serves: 'node dist/server/entry.mjs',
  },
  {
    what: 'astro with the node adapter, all pages prerendered',
    pkg: { ...build(), dependencies: { astro: '5', '@astrojs/node': '9' } },
    left: ['dist/index.html'],
    serves: 'files dist',
  },
  {
    what: 'astro',
    pkg: { ...build(), dependencies: { astro: '5' } },
    left: ['dist/index.html', 'dist/server/readme.txt'],
    serves: 'files dist',
  },
  {
    what: 'react router',
    pkg: {
      ...build({ start: 'react-router-serve ./build/server/index.js' }),
      devDependencies: { '@react-router/dev': '7' },
    },
    left: ['build/server/index.js', 'build/client/assets/a.js'],
    serves: 'react-router-serve ./build/server/index.js',
  },
  {
    what: 'react router without a start script',
    pkg: { ...build(), devDependencies: { '@react-router/dev': '7' } },
    left: ['build/server/index.js', 'build/client/assets/a.js'],
    serves: 'react-router-serve build/server/index.js',
  },
  {
    what: 'react router with ssr: false, its start script left as it was',
    pkg: {
      ...build({ start: 'react-router-serve ./build/server/index.js' }),
      devDependencies: { '@react-router/dev': '7' },
    },
    left: ['build/client/index.html'],
    serves: 'files build/client',
  },
  {
    what: 'nest, whose start compiles',
    pkg: { ...build({ start: 'nest start' }), dependencies: { '@nestjs/core': '11' } },
    left: ['dist/main.js'],
    serves: 'node dist/main.js',
  },
  {
    what: 'nest with a src folder in dist',
    pkg: { ...build({ start: 'nest start' }), dependencies: { '@nestjs/core': '11' } },
    left: ['dist/src/main.js'],
    serves: 'node dist/src/main.js',
  },
  {
    what: 'adonis, started from its root',
    pkg: { ...build({ start: 'node bin/server.js' }), dependencies: { '@adonisjs/core': '6' } },
    left: ['bin/server.ts', 'build/bin/server.js'],
    serves: 'build: node bin/server.js',
  },
  {
    what: 'angular with a server',
    pkg: { ...build({ start: 'ng serve' }), devDependencies: { '@angular/cli': '20' } },
    left: ['dist/shop/server/server.mjs', 'dist/shop/browser/index.csr.html'],
    serves: 'node dist/shop/server/server.mjs',
  },
  {
    what: 'angular',
    pkg: { ...build({ start: 'ng serve' }), devDependencies: { '@angular/cli': '20' } },
    left: ['dist/shop/browser/index.html'],
    serves: 'files dist/shop/browser',
  },
  {
    what: 'angular before 17',
    pkg: { ...build({ start: 'ng serve' }), devDependencies: { '@angular/cli': '15' } },
    left: ['dist/shop/index.html'],
    serves: 'files dist/shop',
  },
  {
    what: 'analog',
    pkg: { ...build(), dependencies: { '@analogjs/platform': '2', '@angular/core': '22' } },
    left: ['dist/analog/server/index.mjs', 'dist/analog/public/index.html', 'dist/client/index.html'],
    serves: 'node dist/analog/server/index.mjs',
  },
  {
    what: 'solid start',
    pkg: { ...build({ start: 'vinxi start' }), dependencies: { '@solidjs/start': '1', vinxi: '0.5' } },
    left: ['.output/server/index.mjs'],
    serves: 'node .output/server/index.mjs',
  },
  {
    what: 'tanstack start with nitro',
    pkg: { ...build({ start: 'node .output/server/index.mjs' }), dependencies: { '@tanstack/react-start': '1' } },
    left: ['.output/server/index.mjs', '.output/public/a.js'],
    serves: 'node .output/server/index.mjs',
  },
  {
    what: 'tanstack start without nitro',
    pkg: { ...build(), dependencies: { '@tanstack/react-start': '1' } },
    left: ['dist/server/server.js', 'dist/client/assets/a.js'],
    serves: 'node /anchor/serve-fetch.js dist/server/server.js',
  },
  {
    what: 'nitro under a vite app',
    pkg: { ...build(), devDependencies: { vite: '8' } },
    left: ['.output/server/index.mjs', '.output/nitro.json', 'public/index.html'],
    serves: 'node .output/server/index.mjs',
  },
  {
    what: 'a vite app',
    pkg: { ...build(), devDependencies: { vite: '8' } },
    left: ['dist/index.html', 'dist/server/entry.mjs'],
    serves: 'files dist',
  },
  {
    what: 'nuxt 2, which starts itself',
    pkg: { ...build({ start: 'nuxt start' }), dependencies: { nuxt: '2' } },
    left: ['.nuxt/dist/server.js'],
    serves: 'nuxt start',
  },
  {
    what: 'express with a main that the build writes',
    pkg: { ...build(), main: './dist/index.js', dependencies: { express: '5' } },
    left: ['dist/index.js'],
    serves: 'node dist/index.js',
  },
];

const SERVED_BY_ITSELF: readonly Row[] = [
  {
    what: 'express whose main is built, beside its pages',
    pkg: { ...build(), main: 'dist/index.js', dependencies: { express: '5' } },
    left: ['dist/index.js', 'public/index.html', 'dist/index.html'],
    serves: 'node dist/index.js',
  },
  {
    what: 'express without a main, built where tsc builds',
    pkg: { ...build(), dependencies: { express: '5' } },
    left: ['dist/index.js', 'public/index.html', 'index.html'],
    serves: 'node dist/index.js',
  },
];
const NOT_FOUND: readonly Row[] = [
  {
    what: 'express whose main was not built',
    pkg: { ...build(), main: 'dist/index.js', dependencies: { express: '5' } },
    left: ['public/index.html', 'index.html'],
    serves: 'output_missing',
  },
  {
    what: 'express that was built elsewhere',
    pkg: { ...build(), dependencies: { express: '5' } },
    left: ['lib/x.js', 'public/index.html', 'index.html'],
    serves: 'output_missing',
  },
  {
    what: 'nest that was built elsewhere',
    pkg: { ...build(), dependencies: { '@nestjs/core': '11' } },
    left: ['lib/main.js', 'public/index.html'],
    serves: 'output_missing',
  },
];

for (const { what, pkg, left, serves } of [...ROWS, ...SERVED_BY_ITSELF, ...NOT_FOUND]) {
  test(`${what} is served as ${serves}`, async (t) => {
    const root = mkdtempSync(join(tmpdir(), 'anchor-test-'));
    t.after(() => rmSync(root, { recursive: true, force: true }));
    for (const file of left) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), 'x');
    }
    const plan = detect({ files: [], settings: {}, packageJson: pkg });
    assert.ok(plan.ok);
    const settled = await settleOutput(root, '', plan.value, {});
    if (!settled.ok) assert.match(settled.error.fix, /adapter-node|start (?:command|script)|"start" script/);
    assert.equal(settled.ok ? shown(settled.value, root) : settled.error.code, serves);
  });
}

const ELSEWHERE: readonly Row[] = [
  {
    what: 'Nuxt with another output folder of Nitro',
    pkg: { ...build(), dependencies: { nuxt: '4' } },
    left: ['dist-nitro/server/index.mjs', 'dist-nitro/nitro.json', 'dist-nitro/public/favicon.ico'],
    serves: 'node dist-nitro/server/index.mjs',
  },
  {
    what: 'Astro with another outDir',
    pkg: { ...build(), dependencies: { astro: '5', '@astrojs/node': '9' } },
    left: ['web/out/server/entry.mjs', 'web/out/client/favicon.svg'],
    serves: 'node web/out/server/entry.mjs',
  },
  {
    what: 'an Astro site with another outDir',
    pkg: { ...build(), dependencies: { astro: '5' } },
    left: ['site/index.html', 'site/blog/index.html', 'src/pages/index.astro'],
    serves: 'files site',
  },
  {
    what: 'SvelteKit with another folder of adapter-node',
    pkg: { ...build(), devDependencies: { '@sveltejs/kit': '2', '@sveltejs/adapter-node': '5' } },
    left: ['server-out/index.js', 'server-out/client/_app/a.css'],
    serves: 'node server-out/index.js',
  },
  {
    what: 'React Router with another buildDirectory',
    pkg: { ...build(), dependencies: { '@react-router/dev': '7', '@react-router/serve': '7' } },
    left: ['output/server/index.js', 'output/client/assets/a.js'],
    serves: 'react-router-serve output/server/index.js',
  },
  {
    what: 'Angular with another outputPath',
    pkg: { ...build(), dependencies: { '@angular/ssr': '21' }, devDependencies: { '@angular/cli': '21' } },
    left: ['deploy/web/server/server.mjs', 'deploy/web/browser/main.js'],
    serves: 'node deploy/web/server/server.mjs',
  },
  {
    what: 'Angular whose script names the usual outputPath',
    pkg: {
      ...build({ 'serve:ssr:web': 'node dist/web/server/server.mjs' }),
      dependencies: { '@angular/ssr': '21' },
      devDependencies: { '@angular/cli': '21' },
    },
    left: ['deploy/web/server/server.mjs', 'deploy/web/browser/main.js'],
    serves: 'node deploy/web/server/server.mjs',
  },
  {
    what: 'Vite with another outDir',
    pkg: { ...build(), devDependencies: { vite: '7' } },
    left: ['public_html/index.html', 'public_html/assets/a.js', 'node_modules/x/index.html', '.cache/index.html'],
    serves: 'files public_html',
  },
  {
    what: 'Vite with two sites',
    pkg: { ...build(), devDependencies: { vite: '7' } },
    left: ['a/site/index.html', 'b/site/index.html'],
    serves: 'output_missing',
  },
  {
    what: 'Vite whose outDir is in the usual folder',
    pkg: { ...build(), devDependencies: { vite: '7' } },
    left: ['dist/web/index.html', 'dist/web/assets/a.js'],
    serves: 'files dist/web',
  },
  {
    what: 'a Vite page below the usual folder, with its assets beside it',
    pkg: { ...build(), devDependencies: { vite: '7' } },
    left: ['dist/app/index.html', 'dist/assets/a.js'],
    serves: 'output_missing',
  },
  {
    what: 'an Astro site with its pages below a language, and no page at /',
    pkg: { ...build(), dependencies: { astro: '5' } },
    left: ['dist/en/index.html', 'dist/_astro/a.js'],
    serves: 'output_missing',
  },
  {
    what: 'a file of the usual name alone',
    pkg: { ...build(), dependencies: { nuxt: '4' } },
    left: ['lib/server/index.mjs'],
    serves: 'output_missing',
  },
];

for (const { what, pkg, left, serves } of ELSEWHERE) {
  test(`${what} is served as ${serves}, by what the build wrote`, async (t) => {
    const root = mkdtempSync(join(tmpdir(), 'anchor-test-'));
    t.after(() => rmSync(root, { recursive: true, force: true }));
    const since = Date.now();
    for (const file of left) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), 'x');
      utimesSync(join(root, file), new Date(since + 1_000), new Date(since + 1_000));
    }
    // The sources have pages, too; they are older than the build.
    mkdirSync(join(root, 'client/examples'), { recursive: true });
    for (const file of ['client/index.html', 'client/examples/index.html']) {
      writeFileSync(join(root, file), 'x');
      utimesSync(join(root, file), new Date(since - 60_000), new Date(since - 60_000));
    }
    const plan = detect({ files: [], settings: {}, packageJson: pkg });
    assert.ok(plan.ok);
    const settled = await settleOutput(root, '', plan.value, {}, since);
    assert.equal(settled.ok ? shown(settled.value, root) : settled.error.code, serves);
  });
}

test('where a build writes several sites, the command that chooses one is quoted for a shell', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'anchor-test-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const folder of ['$(id) site', '$(id) stories']) {
    mkdirSync(join(root, folder));
    writeFileSync(join(root, folder, 'index.html'), 'x');
  }
  const plan = detect({ files: [], settings: {}, packageJson: { ...build(), devDependencies: { vite: '7' } } });
  assert.ok(plan.ok);
  const settled = await settleOutput(root, '', plan.value, {}, 0);
  assert.ok(!settled.ok);
  assert.match(settled.error.fix, /--output '\$\(id\) site'$/);
});

test('where the usual folder has no page but its folders do, both commands are given', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'anchor-test-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const folder of ['dist/a', 'dist/b']) {
    mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, folder, 'index.html'), 'x');
  }
  const plan = detect({ files: [], settings: {}, packageJson: { ...build(), devDependencies: { vite: '7' } } });
  assert.ok(plan.ok);
  const settled = await settleOutput(root, '', plan.value, {}, 0);
  assert.ok(!settled.ok);
  assert.equal(settled.error.message, 'The build wrote no index.html into dist, but into folders of it');
  assert.match(settled.error.fix, /--output dist\/a \(or dist, /);
});

function shown({ output }: Settled, root: string): string {
  if (output.kind === 'next') return 'next';
  if (output.kind === 'files') return `files ${output.directories.find((name) => name !== '' && root !== '') ?? ''}`;
  const { start } = output;
  return `${start.folder === undefined ? '' : `${start.folder}: `}${start.kind === 'shell' ? start.script : start.argv.join(' ')}`;
}

test('an Astro site that renders on request without an adapter fails with the command that adds it', () => {
  const output =
    '[build] output: "server"\n[NoAdapterInstalled] Cannot use server-rendered pages without an adapter. Please install and configure the appropriate server adapter for your final deployment.\n  Hint:\n    See https://docs.astro.build/en/guides/on-demand-rendering/ for more information.\n';
  const found = findCause(output);
  assert.match(found.lines.join(' '), /without an adapter/);
  assert.match(found.fix ?? '', /npx astro add node/);
});
