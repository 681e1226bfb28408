import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { BranchName } from '@anchor/core/names/name.ts';
import { GIT_CONFIG_TEXT, gitCall } from './git-settings.ts';
import { remoteHead } from './remote-head.ts';

const COMMIT = '0123456789012345678901234567890123456789';
const packet = (text: string): string => (text.length + 4).toString(16).padStart(4, '0') + text;

async function listening(t: TestContext, listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener);
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

test('credentials are sent to the host they are for, and to no host that it redirects to', async (t) => {
  const seen: [name: string, authorization: string | undefined][] = [];
  // Offers the commit, so that git comes back to fetch it.
  const elsewhere = await listening(t, (request, response) => {
    seen.push(['elsewhere', request.headers.authorization]);
    if (request.url?.includes('info/refs') !== true) return void response.writeHead(500).end();
    response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
    return void response.end(
      `${packet('# service=git-upload-pack\n')}0000${packet(`${COMMIT} refs/heads/main\0allow-tip-sha1-in-want shallow\n`)}0000`,
    );
  });
  const host = await listening(t, (request, response) => {
    seen.push(['host', request.headers.authorization]);
    response.writeHead(302, { location: `${elsewhere}${request.url}` }).end();
  });
  const home = await mkdtemp(join(tmpdir(), 'anchor-test-git-'));
  t.after(() => rm(home, { recursive: true, force: true }));
  const config = join(home, 'config');
  await writeFile(config, GIT_CONFIG_TEXT);
  const url = `${host}/private.git`;
  const call = gitCall({ home, config, path: process.env['PATH'] ?? '', local: false, url, credentials: 'me:secret' });
  const run = async (...args: string[]): Promise<Readonly<{ code: unknown; stderr: string }>> => {
    const [program = '', ...argv] = call.argv(...args);
    const child = spawn(program, argv, { cwd: home, env: call.env });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const [code]: unknown[] = await once(child, 'close');
    return { code, stderr };
  };
  await run('init', '--quiet', '--bare', '.');
  const fetched = await run('fetch', '--depth=1', '--', url, COMMIT);
  assert.notEqual(fetched.code, 0);
  assert.match(fetched.stderr, /returned error: 30\d/);
  assert.deepEqual(seen[0], ['host', `Basic ${Buffer.from('me:secret').toString('base64')}`]);
  assert.deepEqual(
    seen.filter(([name, authorization]) => name === 'elsewhere' && authorization !== undefined),
    [],
  );
});

test('a lookup of the newest commit goes to the given host only, not to an address of this machine that it names', async (t) => {
  let requests = 0;
  const inner = await listening(t, (_, response) => {
    requests++;
    response.writeHead(200).end();
  });
  const host = await listening(
    t,
    (request, response) => void response.writeHead(302, { location: `${inner}${request.url}` }).end(),
  );
  const head = await remoteHead({
    url: `${host}/r.git`,
    ref: { kind: 'branch', branch: 'main' as BranchName },
    provider: 'generic',
    withinMs: 20_000,
    allowHosts: ['127.0.0.1'],
    path: process.env['PATH'] ?? '',
  });
  assert.ok(!head.ok && head.error.code === 'source_unreachable');
  assert.equal(requests, 0);
});

test('a lookup of the newest commit connects to the address that was checked, whatever the name resolves to later', async (t) => {
  let requests = 0;
  const server = await listening(t, (request, response) => {
    requests++;
    assert.equal(request.headers.host, `git.example.com:${new URL(server).port}`);
    response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
    response.end(
      `${packet('# service=git-upload-pack\n')}0000${packet(`${COMMIT} refs/heads/main\0allow-tip-sha1-in-want\n`)}0000`,
    );
  });
  const headOf = (address: string) =>
    remoteHead({
      url: `http://git.example.com:${new URL(server).port}/r.git`,
      ref: { kind: 'branch', branch: 'main' as BranchName },
      provider: 'generic',
      withinMs: 20_000,
      allowHosts: ['git.example.com'],
      path: process.env['PATH'] ?? '',
      resolve: async () => [address],
    });
  assert.deepEqual(await headOf('127.0.0.1'), { ok: true, value: COMMIT });
  assert.equal(requests, 1);
});

test('over ssh too the judged address is connected to, under the key of the name', () => {
  const ssh = (url: string) =>
    gitCall({ home: '/h', config: '/h/c', path: '/bin', local: false, url, addresses: ['2001:db8::7', '192.0.2.7'] })
      .env['GIT_SSH_COMMAND'] ?? '';
  assert.match(ssh('ssh://git@git.example.com/r.git'), / -o HostKeyAlias=git\.example\.com -o HostName=192\.0\.2\.7$/);
  assert.doesNotMatch(ssh('ssh://git@192.0.2.9/r.git'), /HostName/);
});
