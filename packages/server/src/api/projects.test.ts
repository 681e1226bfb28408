import { test } from 'node:test';
import assert from 'node:assert/strict';
import { allPages } from '@anchor/client/http/all-pages.ts';
import { openServer } from '../fixtures/open-server.ts';

test('a project is created, read by id and name, changed, replaced and deleted through the typed client', async (t) => {
  const { client } = await openServer(t);
  const created = await client.projects.create({
    name: 'shop',
    productionBranch: 'trunk',
    build: { rootDirectory: 'web' },
    branchRules: [{ pattern: 'stage/*', environment: 'staging' }],
  });
  assert.ok(created.ok);
  const { project, hooks } = created.value;
  assert.match(hooks.deployHookUrl, new RegExp(`/hooks/${project.id}/[0-9A-Za-z]{40}$`));
  assert.equal(project.url, 'http://shop.localhost:7480');
  assert.equal(project.gitUrl, 'http://127.0.0.1:7400/git/shop.git');
  assert.ok(!JSON.stringify(project).includes(hooks.webhookSecret));
  for (const reference of ['shop', project.id]) {
    const read = await client.projects.get({ project: reference });
    assert.ok(read.ok);
    assert.deepEqual(read.value, project);
  }
  const twice = await client.projects.create({ name: 'shop' });
  assert.ok(!twice.ok && twice.problem.code === 'already_exists' && twice.problem.status === 409);

  const changed = await client.projects.update({
    project: 'shop',
    build: { buildCommand: 'make', rootDirectory: null },
    health: { path: '/up' },
  });
  assert.ok(changed.ok);
  assert.deepEqual(changed.value.build, { buildCommand: 'make' });
  assert.deepEqual(changed.value.health, { path: '/up', timeoutSeconds: 30 });
  assert.equal(changed.value.productionBranch, 'trunk');
  const stale = await client.projects.update({ project: 'shop', productionBranch: 'x' }, { ifMatch: project.version });
  assert.ok(!stale.ok && stale.problem.code === 'conflict');

  const replaced = await client.projects.replace({ project: 'shop', functions: { memoryMb: 256 } });
  assert.ok(replaced.ok);
  assert.deepEqual(
    [
      replaced.value.productionBranch,
      replaced.value.build,
      replaced.value.functions.memoryMb,
      replaced.value.branchRules,
    ],
    ['main', {}, 256, []],
  );

  assert.ok((await client.projects.remove({ project: 'shop' })).ok);
  const gone = await client.projects.get({ project: 'shop' });
  assert.ok(!gone.ok && gone.problem.status === 404);
});

test('listings come in pages, and all pages together hold everything once', async (t) => {
  const server = await openServer(t);
  for (let i = 0; i < 7; i++) await server.project(`p${i}`);
  const first = await server.client.projects.list({ limit: 3 });
  assert.ok(first.ok && first.value.items.length === 3 && first.value.cursor !== undefined);
  const names: string[] = [];
  for await (const item of allPages((cursor) =>
    server.client.projects.list({ limit: 3, ...(cursor === undefined ? {} : { cursor }) }),
  )) {
    assert.ok(item.ok);
    names.push(item.value.name);
  }
  assert.deepEqual(names.sort(), ['p0', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6']);
});

test('credentials in a repository address are shown nowhere', async (t) => {
  const { client } = await openServer(t);
  const created = await client.projects.create({
    name: 'private',
    source: { kind: 'git', url: 'https://ada:hunter22@github.com/acme/shop.git' },
  });
  assert.ok(created.ok);
  assert.deepEqual(created.value.project.source, {
    kind: 'git',
    url: 'https://github.com/acme/shop.git',
    provider: 'github',
  });
  assert.ok(!JSON.stringify(created).includes('hunter22'));
  const refused = await client.projects.create({ name: 'odd', source: { kind: 'git', url: 'ext::sh -c id' } });
  assert.ok(!refused.ok && refused.problem.code === 'source_refused' && refused.problem.fix.length > 0);
});

test('variables are put, listed without values, revealed unless secret, pruned and removed', async (t) => {
  const { client, project, clientWith, token } = await openServer(t);
  await project('shop');
  const where = { project: 'shop', environment: 'production' };
  const odd = 'a#b$c!d"e\'f g\nh';
  assert.ok(
    (
      await client.variables.put({
        ...where,
        variables: [
          { name: 'KEY', value: 'k3y-value' },
          { name: 'ODD', value: odd, secret: false, scope: 'build' },
        ],
      })
    ).ok,
  );
  const listed = await client.variables.list(where);
  assert.ok(listed.ok);
  assert.deepEqual(
    listed.value.items.map(({ name, secret, scope, value }) => [name, secret, scope, value]),
    [
      ['KEY', true, 'both', undefined],
      ['ODD', false, 'build', undefined],
    ],
  );
  const revealed = await client.variables.list({ ...where, reveal: true });
  assert.ok(revealed.ok);
  assert.deepEqual(
    revealed.value.items.map(({ value }) => value),
    [undefined, odd],
  );
  const reader = await clientWith(await token('read')).variables.list({ ...where, reveal: true });
  assert.ok(!reader.ok && reader.problem.code === 'forbidden');
  const system = await client.variables.put({ ...where, variables: [{ name: 'ANCHOR_URL', value: 'x' }] });
  assert.ok(!system.ok && system.problem.status === 422);
  assert.ok((await client.variables.put({ ...where, variables: [{ name: 'NEW', value: '1' }], prune: true })).ok);
  assert.ok((await client.variables.remove({ ...where, name: 'NEW' })).ok);
  const empty = await client.variables.list(where);
  assert.ok(empty.ok && empty.value.items.length === 0);
  const missing = await client.variables.remove({ ...where, name: 'NEW' });
  assert.ok(!missing.ok && missing.problem.status === 404);
});

test('variables of a branch are put, listed and removed beside those of its environment, and not in production', async (t) => {
  const { client, project } = await openServer(t);
  await project('shop');
  const where = { project: 'shop', environment: 'preview' };
  const put = async (value: string, branch?: string, prune = false) =>
    (
      await client.variables.put({
        ...where,
        ...(branch === undefined ? {} : { branch }),
        variables: [{ name: 'KEY', value, secret: false }],
        prune,
      })
    ).ok;
  assert.ok(await put('preview'));
  assert.ok(await put('one', 'feature/x'));
  assert.ok(await put('two', 'feature/y'));
  assert.ok(await put('three', 'feature/y', true), 'pruning a branch leaves the others');
  const values = async () => {
    const listed = await client.variables.list({ ...where, reveal: true });
    return listed.ok ? listed.value.items.map(({ branch, value }) => [branch, value]) : listed.problem.code;
  };
  assert.deepEqual(await values(), [
    [undefined, 'preview'],
    ['feature/x', 'one'],
    ['feature/y', 'three'],
  ]);
  assert.ok((await client.variables.remove({ ...where, name: 'KEY', branch: 'feature/x' })).ok);
  assert.deepEqual(await values(), [
    [undefined, 'preview'],
    ['feature/y', 'three'],
  ]);
  for (const [environment, branch] of [
    ['production', 'main'],
    ['preview', 'a..b'],
    ['preview', '-x'],
  ] as const) {
    const refused = await client.variables.put({
      project: 'shop',
      environment,
      branch,
      variables: [{ name: 'KEY', value: 'x' }],
    });
    assert.ok(!refused.ok && refused.problem.status === 422, `${environment} ${branch}`);
  }
});

test('settings that leave the repository or make no sense are refused, and change nothing', async (t) => {
  const { client, project } = await openServer(t);
  await project('shop');
  for (const build of [
    { rootDirectory: '../..' },
    { rootDirectory: '/etc' },
    { outputDirectory: 'a/../../b' },
    { rootDirectory: '--x' },
    { buildCommand: 'a\0b' },
    { nodeVersion: '$(id)' },
  ]) {
    const created = await client.projects.create({ name: 'other', build });
    assert.ok(
      !created.ok &&
        created.problem.status === 422 &&
        created.problem.errors?.[0]?.path.startsWith('body.build') === true,
      JSON.stringify(build),
    );
    const updated = await client.projects.update({ project: 'shop', build });
    assert.ok(!updated.ok && updated.problem.status === 422);
    const replaced = await client.projects.replace({ project: 'shop', build });
    assert.ok(!replaced.ok && replaced.problem.status === 422);
  }
  const health = await client.projects.update({ project: 'shop', health: { path: '/a b' } });
  assert.ok(!health.ok && health.problem.status === 422);
  // A watch path that can match nothing.
  const paths = await client.projects.update({ project: 'shop', build: { paths: ['../web'] } });
  assert.ok(!paths.ok && paths.problem.code === 'invalid_input' && /\.\.\/web/.test(JSON.stringify(paths.problem)));
  const unchanged = await client.projects.get({ project: 'shop' });
  assert.ok(unchanged.ok && unchanged.value.version === 1);
});
