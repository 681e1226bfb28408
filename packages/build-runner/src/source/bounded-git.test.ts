import { strict as assert } from 'node:assert';
import { execFile, execFileSync } from 'node:child_process';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { runBounded } from './bounded-git.ts';

const ENV = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_TERMINAL_PROMPT: '0',
  GIT_CONFIG_NOSYSTEM: '1',
};

/** A git host that advertises references without end. */
async function endless(t: TestContext, bytesPerMs: number): Promise<Readonly<{ port: number }>> {
  const line = (n: number): Buffer => {
    const text = `${'1'.repeat(40)} refs/heads/b${n}\n`;
    return Buffer.from(`${(text.length + 4).toString(16).padStart(4, '0')}${text}`);
  };
  const server = createServer((_request, response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
    response.write('001e# service=git-upload-pack\n0000');
    let n = 0;
    const timer = setInterval(() => {
      for (let sent = 0; sent < bytesPerMs * 5 && response.writableLength < 1 << 22;) {
        const chunk = Buffer.concat(Array.from({ length: 1_000 }, () => line(n++)));
        response.write(chunk);
        sent += chunk.length;
      }
    }, 5);
    response.on('close', () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0 };
}

const running = (port: number): string =>
  execFileSync('ps', ['ax', '-o', 'args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(`127.0.0.1:${port}`))
    .join('\n');

test('a host that names references without end is given up at the limit of memory', { timeout: 60_000 }, async (t) => {
  const { port } = await endless(t, 50_000);
  const result = await runBounded({
    argv: ['git', 'ls-remote', '--', `http://127.0.0.1:${port}/a.git`],
    env: ENV,
    cwd: tmpdir(),
    memoryMb: 64,
    maxBytes: 4_096,
    timeoutMs: 50_000,
  });
  assert.notEqual(result.code, 0);
  assert.match(result.stderr, /out of memory|memory/i);
  assert.equal(running(port), '');
});

test('when the time is over, the process that speaks http ends too', { timeout: 60_000 }, async (t) => {
  const { port } = await endless(t, 1);
  const result = await runBounded({
    argv: ['git', 'ls-remote', '--', `http://127.0.0.1:${port}/a.git`],
    env: ENV,
    cwd: tmpdir(),
    memoryMb: 256,
    maxBytes: 4_096,
    timeoutMs: 500,
  });
  assert.notEqual(result.code, 0);
  assert.equal(running(port), '');
});

test('a git that cannot be started, because too many files are open, is an error and not the end of the process', async () => {
  const script = `
    import { openSync, closeSync } from 'node:fs';
    import { runBounded } from ${JSON.stringify(new URL('bounded-git.ts', import.meta.url).href)};
    const run = async () => (await runBounded({ argv: ['git', 'version'], env: { PATH: process.env.PATH }, cwd: '/', memoryMb: 256, maxBytes: 1000 })).code;
    const before = await run();
    const open = [];
    try { for (;;) open.push(openSync('/dev/null')); } catch {}
    const during = await run();
    for (const each of open) closeSync(each);
    console.log(JSON.stringify({ before, during, after: await run() }));
  `;
  const { stdout } = await promisify(execFile)('/bin/sh', [
    '-c',
    'ulimit -n 80; exec "$0" --input-type=module -e "$1"',
    process.execPath,
    script,
  ]);
  assert.deepEqual(JSON.parse(stdout), { before: 0, during: null, after: 0 });
});
