import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import assert from 'node:assert/strict';
import { fail } from '@anchor/core/result/result.ts';
import { eventually, openServer } from '@anchor/server/fixtures/open-server.ts';
import { deploymentsOf, remote, tokenOf, workingCopy } from '../fixtures/working-copy.ts';

test('a full disk refuses a push with the reason', async (t) => {
  const server = await openServer(t, {
    ports: {
      capacity: {
        checkSpaceForBuild: async () => fail('disk_full', 'The disk is full', 'Free some space: anchor gc.'),
      },
    },
  });
  await server.project('shop');
  const copy = await workingCopy(t);
  await copy.commit('a', '1');
  const pushed = await copy.git('push', remote(server, 'shop', server.admin), 'main');
  assert.notEqual(pushed.code, 0);
  assert.match(pushed.text, /remote: The disk is full\nremote: Free some space: anchor gc\./);
});

test('requests of one project that never end do not lock out another', async (t) => {
  const server = await openServer(t);
  const [held, token] = [await tokenOf(server, 'held'), await tokenOf(server, 'shop')];
  const sockets = Array.from({ length: 20 }, () => connect(server.port, '127.0.0.1'));
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  const responses: string[] = [];
  for (const socket of sockets) {
    socket.on('error', () => undefined).on('data', (chunk) => responses.push(chunk.toString()));
    socket.write(
      `POST /git/held.git/git-receive-pack HTTP/1.1\r\nhost: localhost\r\nauthorization: Basic ${Buffer.from(`git:${held}`).toString('base64')}\r\ncontent-type: application/x-git-receive-pack-request\r\ncontent-length: 1000\r\n\r\n0`,
    );
  }
  await eventually(
    'those above the project’s share are refused',
    async () => responses.filter((response) => response.startsWith('HTTP/1.1 429')).length === 16 || undefined,
  );
  const copy = await workingCopy(t);
  assert.equal((await copy.git('ls-remote', remote(server, 'shop', token))).code, 0);
});

test('an object that unpacks to gigabytes ends its push and nothing else', async (t) => {
  const server = await openServer(t, { limits: { pushLogMs: 200 } });
  const token = await tokenOf(server, 'shop');
  // A pack with one "tree" of 600 MB of zeros.
  const size = 600 * 1024 * 1024;
  const head: number[] = [];
  for (
    let left = Math.floor(size / 16), byte = (2 << 4) | (size % 16);
    ;
    byte = left % 128, left = Math.floor(left / 128)
  ) {
    head.push(left > 0 ? byte | 0x80 : byte);
    if (left === 0) break;
  }
  const body = Buffer.concat([
    Buffer.from('PACK\0\0\0\x02\0\0\0\x01', 'latin1'),
    Buffer.from(head),
    deflateSync(Buffer.alloc(size), { level: 1 }),
  ]);
  const pack = Buffer.concat([body, createHash('sha1').update(body).digest()]);
  const command = `${'0'.repeat(40)} ${'1'.repeat(40)} refs/heads/main\0report-status side-band-64k`;
  const response = await fetch(`http://127.0.0.1:${server.port}/git/shop.git/git-receive-pack`, {
    method: 'POST',
    body: Buffer.concat([Buffer.from(`${(command.length + 4).toString(16).padStart(4, '0')}${command}0000`), pack]),
    headers: {
      authorization: `Basic ${Buffer.from(`git:${token}`).toString('base64')}`,
      'content-type': 'application/x-git-receive-pack-request',
    },
  });
  const text = await response.text();
  assert.match(text, /unpack (?!ok)/);
  assert.match(text, /attempting to allocate \d+ over limit/);
});

test('a push above the limit is refused and changes nothing', async (t) => {
  const server = await openServer(t, { limits: { pushBytes: 50_000 } });
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  const noise = Array.from(crypto.getRandomValues(new Uint8Array(60_000)), (byte) =>
    String.fromCharCode(33 + (byte % 90)),
  )
    .join('')
    .repeat(3);
  await copy.commit('big', noise);
  const pushed = await copy.git('push', remote(server, 'shop', server.admin), 'main');
  assert.notEqual(pushed.code, 0);
  assert.equal(await server.ports.repositories.branchHead(project.id, project.productionBranch), undefined);
  assert.equal((await deploymentsOf(server, project.id)).length, 0);
});

test('a tree that represents millions of paths, and a message of megabytes, are refused with a sentence before anything is stored', async (t) => {
  const server = await openServer(t, { limits: { pushLogMs: 100 } });
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  const url = remote(server, 'shop', server.admin);
  const blob = (await copy.git('hash-object', '-w', '/dev/null')).text.trim();
  const mktree = async (line: (n: number) => string): Promise<string> =>
    (await copy.shell('git mktree', Array.from({ length: 9 }, (_, n) => `${line(n)}\n`).join(''))).text.trim();
  let tree = await mktree((n) => `100644 blob ${blob}\tf${n}`);
  for (let level = 0; level < 7; level++) tree = await mktree((n) => `040000 tree ${tree}\td${n}`);
  const bomb = (await copy.git('commit-tree', tree, '-m', 'bomb')).text.trim();
  const started = performance.now();
  const pushed = await copy.git('push', url, `${bomb}:refs/heads/main`);
  assert.notEqual(pushed.code, 0);
  assert.match(pushed.text, /remote: Commit [0-9a-f]{12} has more than 1000000 files\./);
  assert.ok(performance.now() - started < 20_000);
  await copy.commit('a', '1', 'first');
  const long = (
    await copy.shell(
      'git hash-object -t commit -w --stdin',
      `tree ${(await copy.git('rev-parse', 'HEAD^{tree}')).text.trim()}\nauthor A <a@b.c> 1 +0000\ncommitter A <a@b.c> 1 +0000\n\nbig\n${'y'.repeat(2_000_000)}`,
    )
  ).text.trim();
  const refused = await copy.git('push', url, `${long}:refs/heads/main`);
  assert.notEqual(refused.code, 0);
  assert.match(
    refused.text,
    /remote: The message of commit [0-9a-f]{12} is larger than 1024 KB \(1953 KB\)\.\s+remote: Shorten it: git commit --amend/,
  );
  assert.equal(await server.ports.repositories.branchHead(project.id, project.productionBranch), undefined);
  assert.equal((await copy.git('push', url, 'main')).code, 0);
});

test('pushes, their checks and clones work where git is confined to the repository', async (t) => {
  const server = await openServer(t, { limits: { pushLogMs: 100 }, isolated: true });
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  const url = remote(server, 'shop', server.admin);
  await server.client.projects.update({ project: 'shop', build: { paths: ['web/**'] } });
  await copy.commit('a', '1');
  assert.equal((await copy.git('push', url, 'main')).code, 0);
  const sha = await copy.commit('b', '2');
  const pushed = await copy.git('push', url, 'main');
  assert.equal(pushed.code, 0, pushed.text);
  assert.match(pushed.text, /Not deployed: it changes none of the watched paths \(/);
  const cloned = await copy.git('clone', '-q', url, 'clone');
  assert.equal(cloned.code, 0, cloned.text);
  assert.equal((await copy.git('-C', 'clone', 'rev-parse', 'HEAD')).text.trim(), sha);
  const long = (
    await copy.shell(
      'git hash-object -t commit -w --stdin',
      `tree ${(await copy.git('rev-parse', 'HEAD^{tree}')).text.trim()}\nauthor A <a@b.c> 1 +0000\ncommitter A <a@b.c> 1 +0000\n\n${'y'.repeat(2_000_000)}`,
    )
  ).text.trim();
  assert.match((await copy.git('push', url, `${long}:refs/heads/long`)).text, /The message of commit/);
  assert.equal(await server.ports.repositories.branchHead(project.id, project.productionBranch), sha);
});

test('a history that git of 2010 wrote is accepted with a warning, one that aims at a checkout is refused', async (t) => {
  const server = await openServer(t, { limits: { pushLogMs: 100 } });
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  const url = remote(server, 'shop', server.admin);
  const blob = (await copy.shell('git hash-object -w --stdin', 'x')).text.trim();
  const inner = (await copy.shell('git mktree', `100644 blob ${blob}\tx\n`)).text.trim();
  const entry = (name: string, id: string): Buffer => Buffer.concat([Buffer.from(`${name}\0`), Buffer.from(id, 'hex')]);
  const treeOf = async (...entries: readonly Buffer[]): Promise<string> =>
    (await copy.shell('git hash-object -t tree -w --literally --stdin', Buffer.concat(entries))).text.trim();
  const commitOf = async (tree: string, date: string): Promise<string> =>
    (
      await copy.shell(
        'git hash-object -t commit -w --literally --stdin',
        `tree ${tree}\nauthor A <a@b.c> ${date}\ncommitter A <a@b.c> ${date}\n\nx\n`,
      )
    ).text.trim();
  const old = await commitOf(await treeOf(entry('100644 a', blob), entry('040000 dir', inner)), '1200000000 +051800');
  const accepted = await copy.git('push', url, `${old}:refs/heads/main`);
  assert.equal(accepted.code, 0, accepted.text);
  assert.match(accepted.text, /warning: .*zeroPaddedFilemode/);
  assert.match(accepted.text, /warning: .*badTimezone/);
  assert.equal(await server.ports.repositories.branchHead(project.id, project.productionBranch), old);
  const hostile: readonly (readonly [name: string, id: string, fault: RegExp])[] = [
    ['40000 .git', inner, /hasDotgit/],
    ['40000 ..', inner, /hasDotdot/],
    ['100644 a/b', blob, /fullPathname/],
    ['120000 .gitmodules', blob, /gitmodulesSymlink/],
  ];
  for (const [name, id, fault] of hostile) {
    const refused = await copy.git(
      'push',
      url,
      `${await commitOf(await treeOf(entry(name, id)), '1200000000 +0000')}:refs/heads/bad`,
    );
    assert.notEqual(refused.code, 0);
    assert.match(refused.text, fault);
  }
  assert.equal(await server.ports.repositories.branchHead(project.id, 'bad' as never), undefined);
});

test('a push that would make the repository larger than its limit is refused with what to do, and leaves nothing', async (t) => {
  const server = await openServer(t, { limits: { pushLogMs: 100 }, repositoryMb: 1 });
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  const url = remote(server, 'shop', server.admin);
  await copy.commit('small', '1');
  assert.equal((await copy.git('push', url, 'main')).code, 0);
  await writeFile(
    join(copy.home, 'big'),
    Buffer.concat(Array.from({ length: 40 }, () => Buffer.from(crypto.getRandomValues(new Uint8Array(50_000))))),
  );
  await copy.commit('x', '2');
  const refused = await copy.git('push', url, 'main');
  assert.notEqual(refused.code, 0);
  assert.match(refused.text, /remote: The repository would be \d+ MB, and its limit is 1 MB\./);
  assert.deepEqual(
    (await readdir(join(server.paths.repository(project.id), 'objects'))).filter((name) => name.startsWith('tmp_')),
    [],
  );
});

test('an aborted push leaves nothing in the repository', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  await writeFile(
    join(copy.home, 'big'),
    Buffer.concat(Array.from({ length: 200 }, () => Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))))),
  );
  const sha = await copy.commit('small', 'x');
  const pack = execFileSync('git', ['pack-objects', '--stdout', '-q', '--revs'], {
    cwd: copy.home,
    input: `${sha}\n`,
    env: copy.env,
    maxBuffer: 64 << 20,
  });
  const line = `${'0'.repeat(40)} ${sha} refs/heads/main\0 report-status side-band-64k\n`;
  const body = Buffer.concat([Buffer.from(`${(line.length + 4).toString(16).padStart(4, '0')}${line}0000`), pack]);
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(
    `POST /git/shop.git/git-receive-pack HTTP/1.1\r\nhost: localhost\r\nauthorization: Basic ${Buffer.from(`git:${server.admin}`).toString('base64')}\r\ncontent-type: application/x-git-receive-pack-request\r\ncontent-length: ${body.length}\r\n\r\n`,
  );
  socket.write(body.subarray(0, body.length * 0.9));
  const objects = join(server.paths.repository(project.id), 'objects');
  const temporaries = async (): Promise<readonly string[]> =>
    (await readdir(objects).catch(() => [])).filter((name) => name.startsWith('tmp_'));
  await eventually('git unpacks', async () => (await temporaries()).length > 0 || undefined);
  socket.destroy();
  await eventually('git has removed it', async () => (await temporaries()).length === 0 || undefined);
});
