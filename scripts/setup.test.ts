import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

const root = join(import.meta.dirname, '..');
const SCRIPTS = ['up', 'test', 'anchor', '.ci/run', 'bench/run', 'scripts/setup.bash'];

type Ended = Readonly<{ code: number; stdout: string; stderr: string }>;
const run = (
  command: string,
  args: readonly string[],
  options: Readonly<{ cwd?: string; uid?: number; gid?: number; env?: Record<string, string | undefined> }> = {},
): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(command, args, options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
  });

async function directory(context: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'anchor-test-setup-'));
  context.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

for (const script of SCRIPTS) {
  test(`${script} is valid bash`, async () => {
    assert.deepEqual(await run('bash', ['-n', join(root, script)]), { code: 0, stdout: '', stderr: '' });
  });
}

const noShellcheck = spawnSync('shellcheck', ['--version']).status !== 0;
test(
  'shellcheck finds nothing in the scripts',
  { skip: noShellcheck ? 'shellcheck is not installed' : false },
  async () => {
    assert.deepEqual(await run('shellcheck', ['--external-sources', ...SCRIPTS], { cwd: root }), {
      code: 0,
      stdout: '',
      stderr: '',
    });
  },
);

test('./up --help prints its options without installing anything', async () => {
  const { code, stdout, stderr } = await run(join(root, 'up'), ['--help']);
  assert.equal(code, 0, stderr);
  for (const flag of ['--once', '--data', '--api-port', '--edge-port', '--host', '--unsafe-no-sandbox'])
    assert.ok(stdout.includes(flag), flag);
});

test('a missing command that may not be installed ends with the exact command that installs it', async (context) => {
  const path = await directory(context);
  await copyFile(join(root, 'scripts/setup.bash'), join(path, 'setup.bash'));
  await chmod(path, 0o755);
  await chmod(join(path, 'setup.bash'), 0o644);
  const unprivileged = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const { code, stderr } = await run(
    'bash',
    [
      '-c',
      'set -euo pipefail; sudo() { return 1; }; source "$1"; need_commands git:git surely-not-there:bubblewrap also-not-there:iproute2',
      'bash',
      join(path, 'setup.bash'),
    ],
    { cwd: path, ...unprivileged },
  );
  assert.equal(code, 1);
  assert.match(stderr, /Missing: bubblewrap iproute2\./);
  assert.match(
    stderr,
    /sudo apt-get update && sudo apt-get install --yes --no-install-recommends bubblewrap iproute2\n/,
  );
});

test('the bench names the command that installs nginx and wrk, before any row runs', async (context) => {
  const path = await directory(context);
  // a machine on which all is installed but these two, and where apt-get may not be run
  const tools = ['bash', 'uname', 'readlink', 'dirname', 'id'];
  for (const tool of tools)
    await symlink(spawnSync('which', [tool], { encoding: 'utf8' }).stdout.trim(), join(path, tool));
  for (const [name, text] of [
    ['node', 'echo 26'],
    ['npm', ''],
    ['apt-get', 'exit 1'],
    ['sudo', 'exit 1'],
    ...[
      'git',
      'bwrap',
      'ip',
      'iptables',
      'mkfs.ext4',
      'mount',
      'umount',
      'nsenter',
      'unshare',
      'flock',
      'pivot_root',
      'fstrim',
    ].map((name) => [name, '']),
  ] as const)
    await writeFile(join(path, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
  // setup.bash adds the folders of system programs to PATH; without them only this folder is searched
  await mkdir(join(path, 'repository/scripts'), { recursive: true });
  await mkdir(join(path, 'repository/bench'));
  await copyFile(join(root, 'bench/run'), join(path, 'repository/bench/run'));
  const setup = (await readFile(join(root, 'scripts/setup.bash'), 'utf8'))
    .replace('PATH="$PATH:/usr/sbin:/sbin"', '')
    .replaceAll('"$(id -u)" -ne 0', '1 -eq 1');
  await writeFile(join(path, 'repository/scripts/setup.bash'), setup);
  const { code, stdout, stderr } = await run(join(path, 'repository/bench/run'), [], { env: { PATH: path } });
  assert.equal(code, 1, stderr);
  assert.equal(stdout, '');
  assert.match(
    stderr,
    /Missing: nginx-light wrk\.\n {2}→ Run: sudo apt-get update && sudo apt-get install --yes --no-install-recommends nginx-light wrk\n/,
  );
});

test('a Node that is too old is named with what to install', async (context) => {
  const path = await directory(context);
  await writeFile(join(path, 'node'), '#!/bin/sh\n[ "$1" = --version ] && echo v18.20.0 || echo 18\n', { mode: 0o755 });
  await writeFile(join(path, 'npm'), '#!/bin/sh\n', { mode: 0o755 });
  const { code, stderr } = await run(
    'bash',
    ['-c', 'set -euo pipefail; source "$1"; need_node', 'bash', join(root, 'scripts/setup.bash')],
    { env: { ...process.env, PATH: `${path}:${process.env.PATH}` } },
  );
  assert.equal(code, 1);
  assert.match(stderr, /Node\.js v18\.20\.0 is too old\.\n {2}→ Install Node 20 or newer/);
});

async function installation(context: TestContext, installed: unknown): Promise<string> {
  const path = await directory(context);
  await mkdir(join(path, 'scripts'));
  await mkdir(join(path, 'node_modules'));
  await copyFile(join(root, 'scripts/installed.mjs'), join(path, 'scripts/installed.mjs'));
  const packages = {
    '': {},
    'packages/core': {},
    'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/other-system': { version: '1.0.0', integrity: 'sha512-o', optional: true },
  };
  await writeFile(join(path, 'package-lock.json'), JSON.stringify({ packages }));
  if (installed !== undefined)
    await writeFile(join(path, 'node_modules/.package-lock.json'), JSON.stringify({ packages: installed }));
  return join(path, 'scripts/installed.mjs');
}

for (const [sentence, installed, expected] of [
  ['without an installation npm ci is needed', undefined, 'nothing is installed\n'],
  ['after an interrupted or older installation npm ci is needed', {}, 'node_modules/a is missing\n'],
  [
    'for another version npm ci is needed',
    { 'node_modules/a': { version: '2.0.0', integrity: 'sha512-b' } },
    'node_modules/a is another version\n',
  ],
  [
    'an installation that matches the lock file needs nothing, even without the optional package of another system',
    { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } },
    '',
  ],
] as const) {
  test(sentence, async (context) => {
    const { code, stdout } = await run(process.execPath, [await installation(context, installed)]);
    assert.equal(stdout, expected);
    assert.equal(code, expected === '' ? 0 : 1);
  });
}
