import { strict as assert } from 'node:assert';
import { cpSync } from 'node:fs';
import { test } from 'node:test';
import { newId, type ProjectId } from '@anchor/core/names/id.ts';
import { openHome } from '../../../e2e/builder.ts';
import { type Files, packageJson, useBuilder, writeFiles } from '../../../e2e/use-builder.ts';

const { home, web } = useBuilder();

const LOCKED: Files = {
  'package.json': packageJson(
    { build: "mkdir -p dist && node -p \"require('ms')('2 days')\" > dist/index.html" },
    { dependencies: { ms: '2.1.3' } },
  ),
  'package-lock.json': JSON.stringify({
    name: 'app',
    version: '1.0.0',
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { name: 'app', version: '1.0.0', dependencies: { ms: '2.1.3' } },
      'node_modules/ms': {
        version: '2.1.3',
        resolved: 'https://registry.npmjs.org/ms/-/ms-2.1.3.tgz',
        integrity: 'sha512-6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA==',
      },
    },
  }),
};

test('the second build with the same lock file skips the install, and another scope copies without harming the first', async () => {
  const first = await web(LOCKED);
  assert.match(first.observed.log, /\$ npm ci/);
  assert.equal(await home().text(first.component.files['/index.html']!.blob), '172800000\n');
  const second = await web(LOCKED);
  assert.match(second.observed.log, /Dependencies unchanged/);
  assert.doesNotMatch(second.observed.log, /\$ npm ci/);
  const preview = await web(LOCKED, {
    cache: { scope: 'preview', fallback: 'production' },
    settings: {
      buildCommand:
        'echo "module.exports=()=>666" > node_modules/ms/index.js && mkdir -p dist && echo bad > dist/index.html; echo bad > /cache/poison',
    },
  });
  assert.match(preview.observed.log, /Dependencies unchanged/);
  const third = await web(LOCKED);
  assert.match(third.observed.log, /Dependencies unchanged/);
  assert.equal(await home().text(third.component.files['/index.html']!.blob), '172800000\n');
  const looked = await web({
    'package.json': packageJson({ build: 'mkdir -p dist && ls /cache > dist/index.html' }),
    'package-lock.json': JSON.stringify({
      name: 'app',
      version: '1.0.0',
      lockfileVersion: 3,
      packages: { '': { name: 'app', version: '1.0.0' } },
    }),
  });
  assert.doesNotMatch(await home().text(looked.component.files['/index.html']!.blob), /poison/);
});

test('a build of untrusted code reads nothing that production left in stores, trees and caches, and leaves nothing', async () => {
  const token = 'fetched-with-the-token-of-production';
  const leave = (script: string) => ({
    ...LOCKED,
    'package.json': packageJson(
      { build: `mkdir -p dist && echo ok > dist/index.html && ${script}` },
      { dependencies: { ms: '2.1.3' } },
    ),
  });
  await web(leave(`echo ${token} | tee /cache/secret node_modules/secret`));
  const cached = await web(leave(`echo ${token} | tee /cache/secret node_modules/secret`));
  assert.match(cached.observed.log, /Dependencies unchanged/, 'production kept its tree');

  const attack = `(grep -rl ${token.slice(0, 20)} /app /cache /kept /cache-from /home /tmp --exclude=package.json 2>/dev/null; ls -A /cache /kept /cache-from 2>&1) > dist/found.txt; echo poison > /cache/poison; echo poison > node_modules/poison; true`;
  const fork = await home().build(home().commit(writeFiles(leave(attack))), { cache: 'none' });
  assert.ok(fork.ok, fork.observed.log);
  assert.match(fork.observed.log, /\$ npm ci/, 'it installs by itself');
  const found = await home().text(
    (await home().manifest(fork.value.artifact)).components['web']!.files['/found.txt']!.blob,
  );
  assert.doesNotMatch(found, /secret/);

  const rebuilt = await home().build(home().commit(writeFiles(leave(attack))), { cache: 'none' });
  assert.ok(rebuilt.ok);
  assert.match(rebuilt.observed.log, /\$ npm ci/, 'nor does it read what it left itself');
  const after = await web(leave('ls /cache node_modules > dist/found.txt'));
  assert.doesNotMatch(await home().text(after.component.files['/found.txt']!.blob), /poison/);
});

test('a changed lock file installs again', async () => {
  const changed = JSON.parse(LOCKED['package-lock.json']!) as { packages: Record<string, object> };
  const { observed } = await web({ ...LOCKED, 'package-lock.json': JSON.stringify(changed, null, 1) });
  assert.match(observed.log, /\$ npm ci/);
});

test('caches are bounded per project and in sum, the least recently used go first, and their owners build again', async () => {
  const small = await openHome({ limits: { diskMb: 128, cacheMb: 16, cachesMb: 24 } });
  try {
    const writes = (mb: number) =>
      writeFiles({
        'package.json': packageJson({
          build: `mkdir -p dist && ls /cache > dist/index.html && head -c ${mb}m /dev/zero | tr '\\0' x > /cache/big`,
        }),
      });
    const other = newId('prj', Date.now());
    const builds = async (mb: number, projectId: ProjectId): Promise<string> => {
      const commit = small.commit(writes(mb));
      if (projectId !== small.project)
        cpSync(small.paths.repository(small.project), small.paths.repository(projectId), { recursive: true });
      const result = await small.build(commit, { projectId });
      assert.ok(result.ok, result.observed.log);
      await small.builder.idle();
      return small.text((await small.manifest(result.value.artifact)).components['web']!.files['/index.html']!.blob);
    };
    const cached = async () =>
      (await small.builder.disks.list()).map(({ name, bytes }) => ({ name, mb: Math.ceil(bytes / 1048576) }));

    await builds(40, small.project);
    assert.ok((await cached())[0]!.mb <= 17, `what one project may keep: ${JSON.stringify(await cached())}`);
    assert.doesNotMatch(await builds(13, small.project), /big/, 'the store was over the limit');
    assert.match(await builds(13, small.project), /big/, 'within the limit it stays');
    await builds(13, other);
    assert.deepEqual(
      (await cached()).map(({ name }) => name),
      [other.replaceAll('_', '-')],
      'together they were over the limit of the sum',
    );
    assert.doesNotMatch(await builds(1, small.project), /big/);
    await small.builder.disks.trim({ limitBytes: 0 });
    assert.deepEqual(await cached(), []);
    await builds(1, other);
  } finally {
    await small.builder.disks.trim({ limitBytes: 0 });
    await small.close();
  }
});
