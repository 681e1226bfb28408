import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FAILING, server } from './hostile-apps.ts';
import { probe } from './hostile-probe.ts';
import { createProject, ended, logOf, newest, type DeploymentResponse } from './helpers.ts';
import { plain, startPlatform, type Platform } from './platform.ts';
import { createRepository, nodeServer, staticSite, type Repository } from './repository.ts';

/** Builds and functions that harm or pry, one after another, while a good deployment is live. */
let platform: Platform;
let repository: Repository;
let neighbour: Repository;
const GOOD = 'the good one';

before(async () => {
  platform = await startPlatform({
    flags: [
      '--build-minutes',
      '0.35',
      '--build-memory-mb',
      '512',
      '--build-disk-mb',
      '300',
      '--build-processes',
      '128',
    ],
  });
  await createProject(platform, 'site', { health: { timeoutSeconds: 6 } });
  await createProject(platform, 'neighbour');
  [repository, neighbour] = [await createRepository(), await createRepository()];
  await repository.commit(nodeServer(`res.end('${GOOD}');`));
  assert.equal((await repository.push(platform, 'site')).code, 0);
  assert.equal((await platform.request('site.localhost')).body, GOOD);
  await neighbour.commit(
    nodeServer(
      `require('node:fs').writeFileSync('/tmp/of-the-neighbour', 'x'); require('node:fs').writeFileSync('/cache/of-the-neighbour', 'x'); res.end('neighbour 0');`,
    ),
  );
  assert.equal((await neighbour.push(platform, 'neighbour')).code, 0);
  assert.equal((await platform.request('neighbour.localhost')).body, 'neighbour 0');
});
after(async () => {
  await repository?.remove();
  await neighbour?.remove();
  await platform?.stop();
});

/** Pushes and returns the final deployment. */
async function deploy(files: Record<string, string>): Promise<DeploymentResponse> {
  await repository.commit(files);
  const pushed = await repository.push(platform, 'site');
  // git itself reports that the deployment failed.
  assert.ok(pushed.code === 0 || pushed.output.includes('because the deployment failed'), pushed.output);
  return ended(platform, (await newest(platform, 'site')).id, 60_000);
}

for (const [name, files, codes, says] of FAILING) {
  test(`an app that ${name} is failed with a reason, and the old one serves`, async () => {
    const { status, error } = await deploy(files);
    assert.equal(status, 'failed');
    assert.ok(error !== undefined && codes.includes(error.code), JSON.stringify(error));
    assert.match(`${error.message} ${error.cause ?? ''}`, says);
    assert.ok(error.fix.length > 10, JSON.stringify(error));
    assert.equal((await platform.request('site.localhost')).body, GOOD);
  });
}

test('a push of some hundred bytes that represents 43 million paths is refused at once, and other pushes succeed', async () => {
  const hostile = await createRepository();
  try {
    await hostile.commit({ a: 'x' });
    const git = (args: readonly string[], input: string): string =>
      execFileSync('git', args, { cwd: hostile.path, input, encoding: 'utf8' }).trim();
    const blob = git(['hash-object', '-w', '--stdin'], 'x');
    const nine = (entry: string): string =>
      git(['mktree'], Array.from({ length: 9 }, (_, n) => `${entry}\tn${n}\n`).join(''));
    let tree = nine(`100644 blob ${blob}`);
    for (let level = 0; level < 7; level++) tree = nine(`040000 tree ${tree}`);
    await hostile.git('reset', '-q', '--soft', (await hostile.git('commit-tree', tree, '-m', 'bomb')).output.trim());
    const started = performance.now();
    const [refused, good] = await Promise.all([
      hostile.push(platform, 'neighbour', 'bomb'),
      neighbour.push(platform, 'neighbour'),
    ]);
    assert.notEqual(refused.code, 0);
    assert.match(refused.output, /has more than 1000000 files/);
    assert.equal(good.code, 0, good.output);
    assert.ok(performance.now() - started < 60_000);
  } finally {
    await hostile.remove();
  }
});

test('a build that prints hundreds of megabytes is cut with a note', async () => {
  const { id, status, error } = await deploy(
    server(
      `require('node:http').createServer((req, res) => res.end('${GOOD}')).listen(process.env.PORT);`,
      `
const { writeSync } = require('node:fs');
const line = Buffer.from(('x'.repeat(1023) + '\\n').repeat(1024));
for (let i = 0; i < 200; i++) for (let at = 0; at < line.length;) { try { at += writeSync(1, line, at); } catch (error) { if (error.code !== 'EAGAIN') throw error; } }`,
    ),
  );
  assert.equal(status, 'success', JSON.stringify(error));
  const log = await logOf(platform, id);
  assert.match(log, /cut|left out|dropped|limit/i);
  assert.match(log, /live after/, 'the end of the log is kept');
  assert.ok(
    (await sizeOf(join(platform.data, 'logs'))) < 64 << 20,
    `${await sizeOf(join(platform.data, 'logs'))} bytes of logs`,
  );
  assert.equal((await platform.request('site.localhost')).body, GOOD);
});

test('a symlink out of the tree shows nothing of the machine', async () => {
  await createProject(platform, 'links');
  const linking = await createRepository();
  try {
    await symlink('/etc/passwd', join(linking.path, 'passwd.txt'));
    await symlink(platform.data, join(linking.path, 'data'));
    await symlink('../../../../../../etc/hostname', join(linking.path, 'hostname.txt'));
    await linking.commit(staticSite('links'));
    await linking.push(platform, 'links');
    const { status, error } = await newest(platform, 'links');
    if (status === 'failed')
      assert.ok(error?.code === 'output_refused' || error?.code === 'source_refused', JSON.stringify(error));
    for (const path of [
      '/passwd.txt',
      '/hostname.txt',
      '/data/admin-token',
      '/data/anchor.db',
      '/..%2f..%2fadmin-token',
      '/%2e%2e/%2e%2e/admin-token',
    ]) {
      const response = await platform.request('links.localhost', path);
      assert.notEqual(response.status, 200, path);
      assert.ok(!response.body.includes('root:') && !response.body.includes(platform.token));
    }
  } finally {
    await linking.remove();
  }
});

test('the probe finds what it looks for where nothing is closed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'anchor-test-probe-'));
  try {
    await writeFile(join(folder, 'probe.cjs'), probe(platform, neighbour.path));
    const printed = await new Promise<string>((resolve) =>
      execFile(
        process.execPath,
        ['-e', `require(${JSON.stringify(join(folder, 'probe.cjs'))})().then((all) => console.log(all.join('\\n')))`],
        (_error, stdout) => resolve(stdout),
      ),
    );
    for (const what of [
      `port 127.0.0.1:${platform.apiPort}`,
      `port 127.0.0.1:${platform.edgePort}`,
      'socket host.sock',
      'file anchor.db',
      'file key',
      'directory /disks',
      'repository of the neighbour',
      'process ',
      'signal ',
    ])
      assert.ok(printed.includes(what), `${what} in ${printed}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a build and a function reach nothing of the platform and nothing of another project', async () => {
  await platform.request('neighbour.localhost');
  const { status, error } = await deploy({
    ...server(
      `
const probe = require('./probe.js');
require('node:http').createServer(async (req, res) => {
  if (req.url === '/built') return res.end(require('node:fs').readFileSync('built.json'));
  if (req.url === '/now') return res.end(JSON.stringify(await probe()));
  res.end('probing');
}).listen(process.env.PORT);`,
      `require('./probe.js')().then((reached) => require('node:fs').writeFileSync('built.json', JSON.stringify(reached)));`,
    ),
    'probe.js': probe(platform, neighbour.path),
  });
  assert.equal(status, 'success', JSON.stringify(error));
  assert.deepEqual(JSON.parse((await platform.request('site.localhost', '/built')).body), [], 'from inside the build');
  assert.deepEqual(JSON.parse((await platform.request('site.localhost', '/now')).body), [], 'from inside the function');
});

test('after all that another project deploys and responds, and nothing was left behind', async () => {
  await neighbour.commit(nodeServer(`res.end('neighbour 1');`));
  const pushed = await neighbour.push(platform, 'neighbour');
  assert.match(pushed.output, /Live at/);
  assert.equal((await platform.request('neighbour.localhost')).body, 'neighbour 1');
  const { body } = await platform.api<{ ok: boolean; checks: unknown }>('GET', '/api/status');
  assert.equal(body.ok, true, JSON.stringify(body.checks));
  assert.ok(!/started? again|starts again/.test(platform.output()), platform.output());
});

test('a token of one project neither reads nor acts on another: API, logs, uploads, git', async () => {
  const { body } = await platform.api<{ value: string }>('POST', '/api/tokens', {
    name: 'site only',
    scope: 'deploy',
    project: 'site',
  });
  const token = body.value;
  const theirs = (await newest(platform, 'neighbour')).id;
  const send = (method: string, path: string, content?: unknown, type = 'application/json') =>
    plain(platform.apiPort, '127.0.0.1', path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(content === undefined ? {} : { 'content-type': type }) },
      ...(content === undefined ? {} : { body: typeof content === 'string' ? content : JSON.stringify(content) }),
    });
  assert.equal((await send('GET', '/api/projects/site')).status, 200, 'the token works');
  const denied: readonly (readonly [string, string, unknown?, string?])[] = [
    ['GET', '/api/projects/neighbour'],
    ['GET', '/api/projects/neighbour/deployments'],
    ['GET', `/api/deployments/${theirs}`],
    ['GET', `/api/deployments/${theirs}/logs?kind=build`],
    ['GET', `/api/deployments/${theirs}/logs?kind=run&follow=1`],
    ['GET', '/api/projects/neighbour/environments/production/variables'],
    ['PUT', '/api/projects/neighbour/environments/production/variables', { variables: [] }],
    ['GET', '/api/projects/neighbour/deliveries'],
    ['GET', '/api/projects/neighbour/aliases'],
    ['POST', '/api/projects/neighbour/deployments', { kind: 'git' }],
    ['POST', '/api/projects/neighbour/uploads', 'x', 'application/gzip'],
    ['POST', `/api/deployments/${theirs}/promote`, {}],
    ['POST', `/api/deployments/${theirs}/cancel`],
    ['POST', '/api/projects/neighbour/environments/production/rollback', {}],
    ['POST', '/api/projects/site/deployments', { kind: 'redeploy', deployment: theirs }],
  ];
  for (const [method, path, content, type] of denied) {
    const response = await send(method, path, content, type);
    assert.ok([403, 404].includes(response.status), `${method} ${path}: ${response.status} ${response.body}`);
    assert.ok(!response.body.includes('neighbour 1'));
  }
  for (const path of ['/api/tokens', '/api/gc', '/api/backup'])
    assert.ok(
      [403, 404, 405].includes(
        (await send(path === '/api/tokens' ? 'GET' : 'POST', path, path === '/api/tokens' ? undefined : {})).status,
      ),
      path,
    );
  const listed = JSON.parse((await send('GET', '/api/projects')).body) as { items: { name: string }[] };
  assert.deepEqual(
    listed.items.map(({ name }) => name),
    ['site'],
  );

  const withToken = (...args: string[]) =>
    repository.git(
      '-c',
      `http.extraHeader=Authorization: Basic ${Buffer.from(`anchor:${token}`).toString('base64')}`,
      ...args,
    );
  assert.equal((await withToken('ls-remote', `${platform.apiUrl}/git/site.git`)).code, 0, 'its own repository');
  for (const args of [
    ['ls-remote', `${platform.apiUrl}/git/neighbour.git`],
    ['fetch', `${platform.apiUrl}/git/neighbour.git`, 'main'],
    ['push', '--force', `${platform.apiUrl}/git/neighbour.git`, 'HEAD:refs/heads/main'],
  ]) {
    const refused = await withToken(...args);
    assert.notEqual(refused.code, 0, args.join(' '));
  }
  assert.equal((await newest(platform, 'neighbour')).id, theirs);
  assert.equal((await platform.request('neighbour.localhost')).body, 'neighbour 1');
});

async function sizeOf(directory: string): Promise<number> {
  let size = 0;
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) size += (await stat(join(entry.parentPath, entry.name))).size;
  return size;
}
