import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Readable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { eventually } from '@anchor/server/fixtures/open-server.ts';
import { LfsStore } from './lfs-store.ts';

function repositoryFor(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'anchor-lfs-store-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const oidOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

test('concurrent uploads do not all use the same free space', async (t) => {
  const repository = repositoryFor(t);
  const store = new LfsStore();
  const files = Array.from({ length: 4 }, () => randomBytes(600_000));
  const written = await Promise.all(
    files.map((file) => store.write(repository, oidOf(file), file.length, Readable.from([file]), 1)),
  );
  assert.ok(written.filter(({ ok }) => ok).length <= 1);
  const [first] = files;
  assert.equal(
    (await store.write(repository, oidOf(first!), first!.length, Readable.from([first!]), 2)).ok,
    true,
    'nothing stays reserved',
  );
});

test('what is still being received is counted once', async (t) => {
  const repository = repositoryFor(t);
  const store = new LfsStore();
  const [slow, file] = [randomBytes(600_000), randomBytes(300_000)];
  const body = new Readable({ read: () => undefined });
  const first = store.write(repository, oidOf(slow), slow.length, body, 1);
  body.push(slow.subarray(0, 500_000));
  const received = () =>
    readdirSync(join(repository, 'lfs', 'tmp')).some(
      (name) => statSync(join(repository, 'lfs', 'tmp', name)).size >= 400_000,
    );
  await eventually(
    'half of it is on disk',
    () => (existsSync(join(repository, 'lfs', 'tmp')) && received()) || undefined,
  );
  assert.equal((await store.write(repository, oidOf(file), file.length, Readable.from([file]), 1)).ok, true);
  body.push(slow.subarray(500_000));
  body.push(null);
  assert.equal((await first).ok, true);
});

test('the limit holds although a file goes away while the repository is measured, and when it cannot be measured', async (t) => {
  const repository = repositoryFor(t);
  const bin = repositoryFor(t);
  const path = process.env['PATH'] ?? '';
  t.after(() => {
    process.env['PATH'] = path;
  });
  process.env['PATH'] = `${bin}${delimiter}${path}`;
  for (const [script, code] of [
    ['echo "9999 x"; echo "cannot access" >&2; exit 1', 'too_large'],
    ['exit 1', 'internal'],
  ] as const) {
    writeFileSync(join(bin, 'du'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, 'du'), 0o755);
    const space = await new LfsStore().checkSpace(repository, 1, 1);
    assert.ok(!space.ok && space.error.code === code, code);
  }
});

test('a file that is there already counts as newly sent, so that no clean-up removes it before the push that names it', async (t) => {
  const repository = repositoryFor(t);
  const oid = 'ab'.repeat(32);
  const path = join(repository, 'lfs', 'objects', 'ab', 'ab', oid);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, 'x');
  utimesSync(path, 1, 1);
  const store = new LfsStore();
  await store.touch(repository, oid);
  assert.ok(Date.now() - statSync(path).mtimeMs < 60_000);
  await store.touch(repository, 'cd'.repeat(32));
});
