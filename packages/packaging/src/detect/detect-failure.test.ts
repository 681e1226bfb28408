import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detect } from './detect.ts';
import type { Listing } from './plan.ts';

const failure = (listing: Partial<Listing>) => {
  const result = detect({ files: [], settings: {}, ...listing });
  assert.ok(!result.ok, 'it is recognised');
  return result.error;
};

const HONO = { dependencies: { hono: '4' } };
const DEVELOPMENT: readonly (readonly [string, string, string])[] = [
  ['dev', 'tsx watch src/index.ts', 'tsx src/index.ts'],
  ['dev', 'nodemon --watch src server.js', 'node server.js'],
  ['dev', 'bun run --hot src/index.ts', 'bun run src/index.ts'],
  ['start:dev', 'node --watch --env-file=.env src/main.ts', 'node --env-file=.env src/main.ts'],
  ['develop', 'ts-node-dev --respawn src/app.ts', 'ts-node src/app.ts'],
];
for (const [name, script, start] of DEVELOPMENT) {
  test(`a server without a start script gets the command of its "${name}" script: ${script}`, () => {
    const error = failure({ packageJson: { ...HONO, scripts: { [name]: script } } });
    assert.match(error.fix, new RegExp(`anchor projects update --start "${start.replaceAll('.', '\\.')}"\\)`));
    assert.match(error.cause ?? '', new RegExp(`"${name}" runs it for development`));
  });
}

test('what the shell of a user would expand is quoted in the start command', () => {
  const fix = (dev: string): string => failure({ packageJson: { ...HONO, scripts: { dev } } }).fix;
  assert.match(fix('node server.js --port $PORT'), /--start 'node server\.js --port \$PORT'\)/);
  assert.match(fix('node server.js `id`'), /--start (?:'node server\.js `id`'|"node src\/index\.js")/);
  assert.match(fix("node server.js '$(id)'"), /--start 'node server\.js \$\(id\)'\)/);
});

test('a server without any script that runs it gets an example', () => {
  for (const scripts of [{}, { test: 'vitest' }, { dev: 'vite' }, { dev: 'echo "a"; node "x y.js"' }])
    assert.match(failure({ packageJson: { ...HONO, scripts } }).fix, /--start "node src\/index\.js"/);
});

test('the root of a monorepo with one application names it', () => {
  const error = failure({
    packageJson: { scripts: { build: 'pnpm -r build' } },
    packages: new Map([['apps/web', { private: true, scripts: { build: 'vite build' }, dependencies: { vite: '7' } }]]),
  });
  assert.equal(error.message, 'This is the root of a monorepo, and its application is in apps/web');
  assert.match(error.fix, /--root apps\/web, and run anchor redeploy$/);
});

test('an application of another language is named by what shows it', () => {
  for (const [file, language] of [
    ['requirements.txt', 'Python'],
    ['go.mod', 'Go'],
    ['deno.json', 'Deno'],
    ['Shop.csproj', '.NET'],
  ] as const) {
    const error = failure({ files: [file, 'README.md', 'src/'] });
    assert.equal(error.message, `This is an application for ${language}, which does not run here`);
    assert.match(error.cause ?? '', new RegExp(`^${file}`));
  }
});

test('a folder without an application says what it holds', () => {
  assert.match(failure({}).cause ?? '', /^It is empty/);
  const readme = failure({ files: ['README.md', '.gitignore', 'LICENSE'] });
  assert.equal(readme.message, 'The root directory holds no application');
  assert.match(readme.cause ?? '', /README\.md/);
  assert.match(failure({ files: ['Dockerfile', 'run.sh'] }).cause ?? '', /Dockerfile is not used/);
  assert.doesNotMatch(failure({ files: ['run.sh'] }).cause ?? '', /Dockerfile/);
});
