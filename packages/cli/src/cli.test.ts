import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openServer } from '@anchor/server/fixtures/open-server.ts';
import { commands } from './commands.ts';
import { openPerson } from './fixtures/cli.ts';
import { loggedIn } from './fixtures/logged-in.ts';
import { git } from './folder/git.ts';

test('login keeps the token in a file that only its owner can read, and nothing of it is printed', async (context) => {
  const { server, anchor, home } = await loggedIn(context);
  const file = join(home, '.config/anchor/credentials.json');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), {
    default: server.url,
    tokens: { [server.url]: server.admin },
  });
  const { stdout } = await anchor(['whoami', '--json']);
  assert.equal(JSON.parse(stdout).token.scope, 'admin');
  assert.ok(!stdout.includes(server.admin));
  assert.equal((await anchor(['logout'])).code, 0);
  assert.equal((await anchor(['whoami'])).code, 3);
});

test('a wrong token is not stored, and the exit code is the one of access', async (context) => {
  const server = await openServer(context);
  const { anchor, home } = await openPerson(context);
  const { code, stderr } = await anchor(['login', server.url], { stdin: 'anc_wrong\n' });
  assert.equal(code, 3, stderr);
  assert.match(stderr, /^✗ .+\n[\s\S]* {2}fix: /);
  await assert.rejects(stat(join(home, '.config/anchor/credentials.json')));
});

test('a project is created, listed, inspected, changed and removed', async (context) => {
  const { anchor } = await loggedIn(context);
  assert.equal(
    (
      await anchor([
        'projects',
        'create',
        'shop',
        '--branch',
        'trunk',
        '--rule',
        'release/*=staging',
        '--node',
        '24',
        '--health-path',
        '/up',
        '--health-status',
        '200',
        '--health-status',
        '204',
      ])
    ).code,
    0,
  );
  const created = JSON.parse((await anchor(['projects', 'inspect', 'shop', '--json'])).stdout);
  assert.equal(created.project.productionBranch, 'trunk');
  assert.deepEqual(created.project.branchRules[0], { pattern: 'release/*', environment: 'staging' });
  assert.deepEqual(created.project.build, { nodeVersion: '24' });
  assert.deepEqual(
    { path: created.project.health.path, status: created.project.health.status },
    { path: '/up', status: [200, 204] },
  );
  assert.equal(
    (
      await anchor([
        'projects',
        'update',
        'shop',
        '--detect',
        'node',
        '--build',
        'npm run build:web',
        '--memory',
        '1024',
      ])
    ).code,
    0,
  );
  const changed = JSON.parse((await anchor(['projects', 'inspect', 'shop', '--json'])).stdout).project;
  assert.deepEqual(changed.build, { buildCommand: 'npm run build:web' });
  assert.equal(changed.functions.memoryMb, 1024);
  const buildOf = async (...options: readonly string[]): Promise<unknown> =>
    JSON.parse((await anchor(['projects', 'update', 'shop', '--json', ...options])).stdout).build;
  assert.deepEqual(await buildOf('--git-depth', '0'), { buildCommand: 'npm run build:web', gitDepth: 0 });
  assert.deepEqual(await buildOf('--detect', 'git-depth', '--detect', 'build'), {});
  assert.deepEqual(
    JSON.parse((await anchor(['projects', 'list', '--json'])).stdout).items.map((item: { name: string }) => item.name),
    ['shop'],
  );
  assert.match((await anchor(['projects', 'list'])).stdout, /^NAME +ADDRESS[\s\S]*\nshop +http/);
  const careful = await anchor(['projects', 'remove', 'shop']);
  assert.equal(careful.code, 2);
  assert.match(careful.stderr, /anchor projects remove shop --confirm shop/);
  assert.equal((await anchor(['projects', 'remove', 'shop', '--confirm', 'shop'])).code, 0);
  assert.equal((await anchor(['projects', 'inspect', 'shop'])).code, 4);
});

test('init makes a project named after the folder, a link that git ignores, and a remote that needs no password', async (context) => {
  const { anchor, folder, server } = await loggedIn(context);
  await git(folder, ['init', '--quiet', '--initial-branch=main']);
  const { code, stdout, stderr } = await anchor(['init']);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /Next: git push anchor main/);
  assert.deepEqual(JSON.parse(await readFile(join(folder, '.anchor/project.json'), 'utf8')), {
    url: server.url,
    project: 'my-shop-2',
  });
  assert.equal((await git(folder, ['status', '--porcelain'])).stdout, '');
  assert.match((await git(folder, ['remote', 'get-url', 'anchor'])).stdout, /\/git\/my-shop-2\.git$/);
  const second = await anchor(['init']);
  assert.equal(second.code, 5);
  assert.match(second.stderr, /fix: Link this folder to it: anchor link my-shop-2/);
  assert.equal(
    (await anchor(['projects', 'inspect', '--json'], { directory: join(folder, '.anchor') })).code,
    0,
    'a folder below is linked too',
  );
});

test('git gets the token through the credential helper, for the platform alone', async (context) => {
  const { anchor, folder, server } = await loggedIn(context);
  const get = async (host: string, env: Record<string, string> = {}) =>
    (await anchor(['git-credential', 'get'], { stdin: `protocol=http\nhost=${host}\n\n`, env })).stdout;
  assert.equal(await get(new URL(server.url).host), `username=anchor\npassword=${server.admin}\n`);
  assert.equal(await get('elsewhere.example'), '');
  assert.equal(
    await get('elsewhere.example', { ANCHOR_TOKEN: 'anc_secret' }),
    '',
    'a token without an address goes nowhere',
  );
  assert.equal(
    await get('named.example', { ANCHOR_TOKEN: 'anc_secret', ANCHOR_URL: 'http://named.example' }),
    'username=anchor\npassword=anc_secret\n',
  );
  assert.equal((await anchor(['git-credential', 'store'], { stdin: 'password=x\n' })).stdout, '');
  assert.equal(folder.includes(' '), true);
});

test("real git reads the platform's repository with what init set up", async (context) => {
  const { anchor, folder, home, server } = await loggedIn(context);
  await git(folder, ['init', '--quiet', '--initial-branch=main']);
  assert.equal((await anchor(['init', 'shop'])).code, 0);
  // the fixture's server names the default address; this test's one listens elsewhere
  await git(folder, ['remote', 'set-url', 'anchor', `${server.url}/git/shop.git`]);
  await git(folder, [
    'config',
    `credential.${server.url}.helper`,
    (await git(folder, ['config', '--get-all', 'credential.http://127.0.0.1:7400.helper'])).stdout.trim(),
  ]);
  const result = await new Promise<{ code: number; stderr: string }>((resolve) => {
    execFile(
      'git',
      ['-C', folder, 'ls-remote', 'anchor'],
      { env: { ...process.env, HOME: home, XDG_CONFIG_HOME: '', GIT_TERMINAL_PROMPT: '0' } },
      (error, _stdout, stderr) => resolve({ code: error === null ? 0 : 1, stderr }),
    );
  });
  assert.deepEqual(result, { code: 0, stderr: '' });
});

test('variables go to the platform and come back with every character', async (context) => {
  const { anchor, folder } = await loggedIn(context);
  await anchor(['init', 'shop']);
  const hard = {
    HASH: 'a#b #c',
    DOLLAR: '$HOME ${x} $$',
    BANG: '!wow!',
    QUOTES: `it's "so" \`quoted\``,
    SPACES: '  both ends  ',
    LINES: 'one\ntwo\r\nthree\n',
    UNICODE: 'Grüße 👋 日本',
    BACKSLASH: 'C:\\new\\table\\',
    EMPTY: '',
    JSON: '{"a":["b"]}',
  };
  const values: readonly string[] = Object.entries(hard).map(([name, value]) => `${name}=${value}`);
  assert.equal((await anchor(['env', 'set', '--plain', ...values])).code, 0);
  assert.equal((await anchor(['env', 'pull', '.env.one'])).code, 0);
  assert.equal((await anchor(['env', 'push', '.env.one', '--plain', '-e', 'preview'])).code, 0);
  assert.equal((await anchor(['env', 'pull', '.env.two', '-e', 'preview'])).code, 0);
  const lines = async (file: string): Promise<readonly string[]> =>
    (await readFile(join(folder, file), 'utf8')).split('\n').slice(1);
  assert.deepEqual(await lines('.env.two'), await lines('.env.one'));
  const stored = JSON.parse((await anchor(['env', 'list', '-e', 'preview', '--json'])).stdout).items as {
    name: string;
    value: string;
  }[];
  assert.deepEqual(Object.fromEntries(stored.map(({ name, value }) => [name, value])), hard);
  assert.equal((await stat(join(folder, '.env.one'))).mode & 0o777, 0o600);
  assert.equal((await anchor(['env', 'pull', '.env.one'])).code, 5, 'an existing file is kept');
});

test('what is not plain is a secret: its value comes from a pipe and never back', async (context) => {
  const { anchor, folder } = await loggedIn(context);
  await anchor(['init', 'shop']);
  assert.equal((await anchor(['env', 'set', 'API_KEY'], { stdin: 'hunter2\n' })).code, 0);
  assert.equal((await anchor(['env', 'set', 'NEXT_PUBLIC_NAME=Shop'])).code, 0);
  assert.equal((await anchor(['env', 'pull'])).code, 0);
  const file = await readFile(join(folder, '.env.local'), 'utf8');
  assert.match(file, /# API_KEY is a secret/);
  assert.match(file, /^NEXT_PUBLIC_NAME=Shop$/m);
  assert.ok(!file.includes('hunter2'));
  assert.ok(!(await anchor(['env', 'list', '--json'])).stdout.includes('hunter2'));
  assert.equal((await anchor(['env', 'unset', 'API_KEY'])).code, 0);
  assert.equal((await anchor(['env', 'unset', 'API_KEY'])).code, 4);
});

test('a damaged .env file is refused with the line, and nothing is set', async (context) => {
  const { anchor, folder } = await loggedIn(context);
  await anchor(['init', 'shop']);
  await writeFile(join(folder, '.env.bad'), 'A=1\nB="open\n');
  const { code, stderr } = await anchor(['env', 'push', '.env.bad']);
  assert.equal(code, 2);
  assert.match(stderr, /line 2: the quote " of B is not closed/);
  assert.deepEqual(JSON.parse((await anchor(['env', 'list', '--json'])).stdout).items, []);
});

test('tokens are created, shown once, listed without value, and revoked', async (context) => {
  const { anchor, server } = await loggedIn(context);
  await anchor(['projects', 'create', 'shop']);
  const value = (await anchor(['tokens', 'create', 'ci', '--for', 'shop', '--days', '30'])).stdout.trim();
  assert.match(value, /^\S+$/);
  const env = { ANCHOR_TOKEN: value, ANCHOR_URL: server.url };
  assert.equal((await anchor(['projects', 'inspect', 'shop'], { env })).code, 0);
  assert.equal((await anchor(['tokens', 'list'], { env })).code, 3);
  const listed = (await anchor(['tokens', 'list', '--json'])).stdout;
  assert.ok(!listed.includes(value));
  const { id } = (JSON.parse(listed).items as { id: string; name: string }[]).find((token) => token.name === 'ci')!;
  assert.equal((await anchor(['tokens', 'revoke', id])).code, 0);
  assert.equal((await anchor(['projects', 'inspect', 'shop'], { env })).code, 3);
});

test('a folder that is linked to one platform does not send it the token of another', async (context) => {
  const { anchor, folder } = await loggedIn(context);
  await mkdir(join(folder, '.anchor'));
  await writeFile(join(folder, '.anchor/project.json'), JSON.stringify({ url: 'http://127.0.0.1:9', project: 'shop' }));
  const { code, stderr } = await anchor(['deployments', 'list']);
  assert.equal(code, 5);
  assert.match(stderr, /This folder is linked to http:\/\/127\.0\.0\.1:9, but the token is for/);
});

test('a deployment of a folder is queued with what git knows of it', async (context) => {
  const { anchor, folder } = await loggedIn(context);
  await anchor(['init', 'shop']);
  await writeFile(join(folder, 'package.json'), '{"name":"shop"}');
  await git(folder, ['init', '--quiet', '--initial-branch=feature']);
  await git(folder, ['add', '--all']);
  await git(folder, [
    '-c',
    'user.name=a',
    '-c',
    'user.email=a@b.c',
    '-c',
    'commit.gpgSign=false',
    'commit',
    '--quiet',
    '--message',
    'First',
  ]);
  const deployed = await anchor(['deploy', '-e', 'preview', '--detach', '--json']);
  assert.equal(deployed.code, 0, deployed.stderr);
  const { source, status, environment } = JSON.parse(deployed.stdout);
  assert.deepEqual(
    { status, environment, kind: source.kind, branch: source.branch, message: source.message },
    { status: 'queued', environment: 'preview', kind: 'upload', branch: 'feature', message: 'First' },
  );
  assert.match(deployed.stderr, /Sending 1 file, 15 B before packing/);
  const { id } = JSON.parse(deployed.stdout);
  assert.equal(JSON.parse((await anchor(['inspect', id.slice(-9), '--json'])).stdout).id, id, 'the short id names it');
  assert.equal(
    JSON.parse((await anchor(['inspect', `http://shop-${id.slice(-9)}.localhost:7480/`, '--json'])).stdout).id,
    id,
    'its address names it',
  );
  assert.match((await anchor(['deployments', 'list'])).stdout, new RegExp(`^${id} +queued`, 'm'));
  assert.equal((await anchor(['cancel', id])).code, 0);
  assert.equal(JSON.parse((await anchor(['inspect', id, '--json'])).stdout).status, 'canceled');
  assert.equal((await anchor(['promote', id])).code, 5);
  assert.equal((await anchor(['inspect', 'zzzzzzzzz'])).code, 4);
});

test('doctor lists what works, and ends with 1 when something does not', async (context) => {
  const { anchor } = await loggedIn(context);
  const well = await anchor(['doctor', '--json']);
  assert.deepEqual(
    JSON.parse(well.stdout).checks.map((check: { name: string }) => check.name),
    ['node', 'git', 'folder', 'credentials', 'platform', 'token', 'sandbox'],
  );
  assert.equal(well.code, 0);
  const unwell = await anchor(['doctor', '--url', 'http://127.0.0.1:1'], {
    env: { ANCHOR_URL: 'http://127.0.0.1:1', ANCHOR_TOKEN: 'x' },
  });
  assert.equal(unwell.code, 1);
  assert.match(unwell.stdout, /✗ platform: No response from http:\/\/127\.0\.0\.1:1\.\n {2}fix: Start it/);
});

test('a backup is one file of mode 0600, and never replaces another', async (context) => {
  const { anchor, folder } = await loggedIn(context);
  assert.equal((await anchor(['backup', 'all.backup'])).code, 0);
  assert.equal(await readFile(join(folder, 'all.backup'), 'utf8'), 'backup');
  assert.equal((await stat(join(folder, 'all.backup'))).mode & 0o777, 0o600);
  assert.equal((await anchor(['backup', 'all.backup'])).code, 5);
  assert.equal((await anchor(['restore', 'all.backup'])).code, 2, 'a restore needs --yes');
});

test('errors with --json stand on stdout as JSON, with the exit code of their kind', async (context) => {
  const { anchor } = await loggedIn(context);
  const { code, stdout } = await anchor(['projects', 'inspect', 'nothing-here', '--json']);
  assert.equal(code, 4);
  assert.equal(JSON.parse(stdout).error.code, 'not_found');
  assert.equal(typeof JSON.parse(stdout).error.fix, 'string');
});

for (const [sentence, argv] of [
  ['an unknown command', ['bogus']],
  ['a missing argument', ['promote']],
  ['an unknown option', ['projects', 'list', '--bogus']],
  ['a number that is none', ['deployments', 'list', '--limit', 'ten']],
  ['a level that does not exist', ['logs', '--level', 'loud']],
  ['two logs at once', ['logs', '--run', '--build']],
  ['an address with a password', ['login', 'http://user:pass@host']],
] as const) {
  test(`${sentence} ends with exit code 2 and says so`, async (context) => {
    const { anchor } = await openPerson(context);
    const { code, stderr, stdout } = await anchor(argv);
    assert.equal(code, 2, stderr);
    assert.equal(stdout, '');
    assert.notEqual(stderr, '');
  });
}

test('every command has a help with examples that name it', async (context) => {
  const { anchor } = await openPerson(context);
  for (const command of commands) {
    const { code, stdout } = await anchor([...command.name.split(' '), '--help']);
    assert.equal(code, 0, command.name);
    assert.ok(command.examples.length > 0, command.name);
    if (command.hidden !== true)
      assert.ok(
        command.examples.some((example) => example.includes(`anchor ${command.name}`)),
        command.name,
      );
    assert.ok(stdout.includes(command.examples[0]!), command.name);
    assert.match(command.summary, /^[A-Z].*[^.]$/, command.name);
  }
});

test('doctor names each record that could not be processed, with the commands that retry and drop it, which work', async (context) => {
  const { anchor, server } = await loggedIn(context);
  const { project } = await server.project('shop');
  const id = 'dlv_00000000000000000000';
  const failing = () =>
    server.ports.failedRecords.fail({
      kind: 'delivery',
      id,
      project: project.id,
      why: 'a commit without a tree',
      tries: 3,
      now: 0,
    });
  await failing();
  const doctor = await anchor(['doctor']);
  assert.equal(doctor.code, 1);
  assert.match(
    doctor.stdout,
    new RegExp(`✗ delivery:${id}: of ${project.id}, failed 3 times since 1970-.*: a commit without a tree`),
  );
  assert.match(
    doctor.stdout,
    new RegExp(
      `fix: anchor dead-letters revive delivery:${id}, or give it up: anchor dead-letters drop delivery:${id} --yes`,
    ),
  );
  const listed = JSON.parse((await anchor(['dead-letters', 'list', '--json'])).stdout);
  assert.deepEqual(listed.records, [
    { kind: 'delivery', id, project: project.id, tries: 3, why: 'a commit without a tree', since: 0 },
  ]);
  assert.equal((await anchor(['dead-letters', 'revive', `delivery:${id}`])).code, 0);
  await failing();
  assert.equal((await anchor(['dead-letters', 'drop', `delivery:${id}`])).code, 2, 'it needs --yes');
  assert.equal((await anchor(['dead-letters', 'drop', `delivery:${id}`, '--yes'])).code, 0);
  assert.equal((await anchor(['dead-letters', 'drop', `delivery:${id}`, '--yes'])).code, 4);
  assert.equal((await anchor(['dead-letters', 'revive', 'nonsense'])).code, 2);
  assert.equal((await anchor(['doctor'])).code, 0);
});
