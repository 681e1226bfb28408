import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { packageJson, useBuilder } from '../../../e2e/use-builder.ts';

const { failure, home } = useBuilder();

test('a failing build reports the reason, with the last lines and without secrets', async () => {
  const error = await failure(
    {
      'package.json': packageJson({
        build: 'node -e "console.error(\'Type error: nope s3cr3t-value-9\'); process.exit(3)"',
      }),
    },
    { secrets: ['s3cr3t-value-9'] },
  );
  assert.equal(error.code, 'build_failed');
  assert.match(error.message, /exit code 3/);
  assert.match(error.cause ?? '', /Type error: nope •••/);
});

test('a package.json with a syntax error is named with what is wrong, before anything runs', async () => {
  const error = await failure({ 'package.json': '{ "name": "app", "scripts": { "build": "true" },, }' });
  assert.equal(error.code, 'detect_failed');
  assert.equal(error.message, 'package.json is not valid JSON');
  assert.match(error.cause ?? '', /position 47|line 1/);
  const nested = await failure(
    { 'apps/web/package.json': '{ nope', 'package.json': '{}' },
    { settings: { rootDirectory: 'apps/web' } },
  );
  assert.equal(nested.message, 'apps/web/package.json is not valid JSON');
  for (const odd of ['["express"]', `{"x":"${'x'.repeat(5 << 20)}"}`]) {
    const served = await failure({ 'package.json': odd, 'index.html': 'x', 'server.js': 'secret' });
    assert.equal(served.message, 'package.json cannot be read', 'its folder is not served as files');
  }
});

test('conflicts that a merge left are named, and so is a lock file that is no JSON', async () => {
  const conflict = (one: string, two: string) => `<<<<<<< HEAD\n${one}\n=======\n${two}\n>>>>>>> feat\n`;
  const valid = packageJson({ build: 'true' });
  const own = await failure({ 'package.json': `{\n${conflict('"name": "a"', '"name": "b"')}}` });
  assert.equal(own.message, 'package.json has an unresolved merge conflict in line 2');
  assert.match(own.fix, /^Resolve the conflict in package\.json/);
  for (const [name, manager] of [
    ['package-lock.json', 'npm'],
    ['pnpm-lock.yaml', 'pnpm'],
    ['yarn.lock', 'yarn'],
    ['bun.lock', 'bun'],
  ] as const) {
    const error = await failure({ 'package.json': valid, [name]: `{\n${conflict('a: 1', 'a: 2')}}` });
    assert.equal(error.message, `${name} has an unresolved merge conflict in line 2`);
    assert.match(error.fix, new RegExp(`\`(?:rm .* && )?${manager} install\` locally, commit ${name}`));
  }
  const broken = await failure({ 'package.json': valid, 'package-lock.json': '{ "lockfileVersion": 3,' });
  assert.equal(broken.message, 'package-lock.json is not valid JSON');
  assert.match(broken.fix, /rm package-lock\.json && npm install/);
});

test('an unreadable lock file of another package manager than the one in use is ignored', async () => {
  const error = await failure({
    'package.json': packageJson({ build: 'true' }, { packageManager: 'pnpm@10.0.0' }),
    'package-lock.json': '',
    'pnpm-lock.yaml': '<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> feat\n',
  });
  assert.equal(error.message, 'pnpm-lock.yaml has an unresolved merge conflict in line 1');
});

test('nothing to build is reported before anything runs', async () => {
  assert.equal((await failure({ 'lib/readme.txt': '' })).code, 'detect_failed');
});

test('a build without output reports the folders that were checked', async () => {
  const error = await failure({ 'package.json': packageJson({ build: 'true' }) });
  assert.equal(error.code, 'output_missing');
  assert.match(error.cause ?? '', /dist, out, build/);
});

test('a lock file that does not match is explained', async () => {
  const lock = JSON.stringify({
    name: 'app',
    version: '1.0.0',
    lockfileVersion: 3,
    packages: { '': { name: 'app', version: '1.0.0' } },
  });
  const error = await failure({
    'package.json': packageJson({ build: 'true' }, { dependencies: { ms: '2.1.3' } }),
    'package-lock.json': lock,
  });
  assert.equal(error.code, 'install_failed');
  assert.match(error.fix, /lock file does not match/);
});

test('an unknown commit is reported as such', async () => {
  const result = await home().build('0123456789012345678901234567890123456789' as never);
  assert.ok(!result.ok);
  assert.equal(result.error.code, 'source_unreachable');
});
