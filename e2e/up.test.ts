import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually, freePort, plain } from './platform.ts';

/** ./up itself, as in the README: the script, not what it starts. */
const UP = fileURLToPath(new URL('../up', import.meta.url));
let data: string;
let apiPort: number;
let edgePort: number;
const running = new Set<ChildProcess>();

before(async () => {
  data = await mkdtemp(join(tmpdir(), 'anchor-test-up-'));
  [apiPort, edgePort] = [await freePort(), await freePort()];
});
after(async () => {
  for (const child of running) child.kill('SIGKILL');
  await rm(data, { recursive: true, force: true });
});

/** Starts ./up; settings by environment, as well as by flag. */
function up(flags: readonly string[]) {
  const env = {
    ...process.env,
    HOME: data,
    ANCHOR_DATA: data,
    ANCHOR_API_PORT: String(apiPort),
    ANCHOR_EDGE_PORT: String(edgePort),
  };
  const child = spawn('bash', [UP, ...flags], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  return { child, ended, output: () => output };
}
const home = () => plain(edgePort, 'demo.localhost', '/');

test('./up --once on an empty machine pushes the demo, shows its build, and ends with addresses and a token', async () => {
  const run = up(['--once']);
  assert.equal(await run.ended, 0, run.output());
  const printed = run.output();
  assert.match(printed, /remote: .*next build/);
  assert.match(printed, new RegExp(`✓ http://demo\\.localhost:${edgePort} is live`));
  assert.match(printed, new RegExp(`API {5}http://127\\.0\\.0\\.1:${apiPort}`));
  assert.match(printed, /Token {3}in \S+admin-token/);
  assert.doesNotMatch(printed, /anc_[A-Za-z0-9]{20}/, 'what may end in a journal shows no token');
  await assert.rejects(home(), 'everything is stopped again');
});

test('the next ./up comes back with the site live and builds nothing; Ctrl-C stops everything', async () => {
  const run = up([]);
  await eventually(
    () => run.output().includes('Log in'),
    60_000,
    () => run.output(),
  );
  assert.ok(!run.output().includes('remote:'));
  const response = await home();
  assert.equal(response.status, 200);
  assert.match(response.body, /Your site is live\./);
  assert.match((await plain(edgePort, 'demo.localhost', '/dynamic')).body, /Made for this request/);
  const second = up(['--once']);
  assert.equal(await second.ended, 1);
  assert.match(second.output(), /Another platform uses this data directory/);
  run.child.kill('SIGINT');
  assert.equal(await run.ended, 0, run.output());
  await assert.rejects(home());
});

test('--once exits with the reason when it cannot work', async () => {
  const run = up(['--once', '--api-port', 'nonsense']);
  assert.equal(await run.ended, 2);
  assert.match(run.output(), /See \.\/up --help/);
});

test('the first start of changed code bundles it; every start becomes the bundle under the same process id, and stops like any other', async (t) => {
  const other = await mkdtemp(join(tmpdir(), 'anchor-test-up-'));
  t.after(() => rm(other, { recursive: true, force: true }));
  const program = fileURLToPath(new URL('../apps/local/src/up.ts', import.meta.url));
  const flags = [
    '--data',
    join(other, 'data'),
    '--api-port',
    String(await freePort()),
    '--edge-port',
    String(await freePort()),
    '--no-demo',
  ];
  for (const start of ['first', 'second']) {
    const child = spawn(process.execPath, [program, ...flags], {
      env: { ...process.env, NODE_COMPILE_CACHE: join(other, 'compiled') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    const ended = once(child, 'close');
    await eventually(
      () => output.includes('platform ready'),
      60_000,
      () => output,
    );
    const argv = await readFile(`/proc/${child.pid}/cmdline`, 'latin1');
    assert.match(argv, /\/compiled\/bundles\/[0-9a-f]{16}\/platform\.mjs\0/, `${start}: ${output}`);
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null], output);
    running.delete(child);
  }
});
