import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { BuildSettings } from '@anchor/core/projects/project.ts';
import { detect, type Listing, type Plan } from './detect.ts';

type Row = Readonly<{ what: string; files?: readonly string[]; pkg?: Record<string, unknown>; settings?: BuildSettings; framework: Plan['framework']; check?: (plan: Plan) => void }>;
const vite = { devDependencies: { vite: '^8' }, scripts: { dev: 'vite', build: 'tsc -b && vite build', preview: 'vite preview' } };
const directories = (plan: Plan) => (plan.output.kind === 'files' ? plan.output.directories : []);

const ROWS: readonly Row[] = [
  { what: 'a dependency on next', pkg: { dependencies: { next: '16.4.6' }, scripts: { build: 'next build', start: 'next start' } }, framework: 'nextjs', check: (plan) => assert.deepEqual(plan.build, { script: 'build' }) },
  { what: 'next without a build script', pkg: { dependencies: { next: '15.0.0' } }, framework: 'nextjs', check: (plan) => assert.deepEqual(plan.build, { shell: 'next build' }) },
  { what: 'next among the development dependencies', pkg: { devDependencies: { next: '16.0.0' } }, framework: 'nextjs' },
  { what: 'next with its own start command set', pkg: { dependencies: { next: '16.0.0' } }, settings: { startCommand: 'next start -p 80' }, framework: 'nextjs' },
  { what: 'next behind a custom server', pkg: { dependencies: { next: '16.0.0' } }, settings: { startCommand: 'node server.js' }, framework: 'node', check: (plan) => assert.equal(plan.output.kind, 'server') },
  { what: 'plain html', files: ['index.html', 'style.css'], framework: 'static', check: (plan) => { assert.equal(plan.build, undefined); assert.deepEqual(directories(plan), ['.']); } },
  { what: 'a public folder', files: ['public/', 'README.md'], framework: 'static' },
  { what: 'a vite app', files: ['index.html', 'src/'], pkg: vite, framework: 'spa', check: (plan) => assert.equal(directories(plan)[0], 'dist') },
  { what: 'a vite app whose start is vite', files: ['index.html'], pkg: { ...vite, scripts: { ...vite.scripts, start: 'vite --port 3000' } }, framework: 'spa' },
  { what: 'a vite app with a server of its own', pkg: { ...vite, scripts: { ...vite.scripts, start: 'node server.js' } }, framework: 'node' },
  { what: 'create-react-app', pkg: { dependencies: { 'react-scripts': '5' }, scripts: { start: 'react-scripts start', build: 'react-scripts build' } }, framework: 'spa' },
  { what: 'angular', pkg: { devDependencies: { '@angular/cli': '20' }, scripts: { start: 'ng serve', build: 'ng build' } }, framework: 'spa' },
  { what: 'astro, which uses vite', pkg: { dependencies: { astro: '5', vite: '7' }, scripts: { start: 'astro dev', build: 'astro build' } }, framework: 'static' },
  { what: 'eleventy', pkg: { devDependencies: { '@11ty/eleventy': '3' }, scripts: { build: 'eleventy', start: 'eleventy --serve' } }, framework: 'static', check: (plan) => assert.ok(directories(plan).includes('_site')) },
  { what: 'a build of an unknown tool', pkg: { scripts: { build: 'node build.js' } }, framework: 'static' },
  { what: 'a server with a start script', pkg: { dependencies: { express: '5' }, scripts: { start: 'node src/index.js' } }, framework: 'node', check: (plan) => assert.deepEqual(plan.output, { kind: 'server', start: { kind: 'argv', argv: ['node', 'src/index.js'], environment: {}, entry: 'src/index.js' } }) },
  { what: 'server.js without scripts', files: ['server.js'], pkg: {}, framework: 'node' },
  { what: 'a start command in the settings', files: ['main.ts'], pkg: {}, settings: { startCommand: 'node main.ts' }, framework: 'node' },
  { what: 'an output directory in the settings', pkg: vite, settings: { outputDirectory: 'web/out' }, framework: 'spa', check: (plan) => assert.deepEqual(directories(plan), ['web/out']) },
  { what: 'a framework in the settings', pkg: { dependencies: { next: '16' }, scripts: { build: 'next build' } }, settings: { framework: 'static', outputDirectory: 'out' }, framework: 'static' },
  { what: 'a build command in the settings', pkg: vite, settings: { buildCommand: 'make site && cp -r a b' }, framework: 'spa', check: (plan) => assert.deepEqual(plan.build, { shell: 'make site && cp -r a b' }) },
  { what: 'an empty build command', files: ['index.html'], pkg: { scripts: { build: 'false' } }, settings: { buildCommand: '' }, framework: 'static', check: (plan) => assert.equal(plan.build, undefined) },
];

for (const row of ROWS) {
  test(`${row.what} is detected as ${row.framework}`, () => {
    const result = detect({ files: row.files ?? [], settings: row.settings ?? {}, ...(row.pkg === undefined ? {} : { packageJson: row.pkg }) });
    assert.ok(result.ok, result.ok ? '' : result.error.fix);
    assert.equal(result.value.framework, row.framework);
    row.check?.(result.value);
  });
}

test('nothing to build is an error that says what to add', () => {
  const inputs: readonly Listing[] = [{ files: ['README.md'], settings: {} }, { files: [], settings: {}, packageJson: { name: 'library' } }];
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
    const result = detect({ files: [], settings, packageJson: pkg, ...(nodeVersionFile === undefined ? {} : { nodeVersionFile }) });
    assert.ok(result.ok);
    return result.value.nodeRange;
  };
  assert.equal(range({ nodeVersion: '20' }, '24'), '20');
  assert.equal(range({}, '24'), '24');
  assert.equal(range({}), '>=22');
});
