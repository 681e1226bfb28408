import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '@anchor/testing/eventually.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { DiskReserve } from './disk-reserve.ts';

const MB = 1_048_576;

test('the reserve is created where space is free, released once a full disk stays full, and recreated', async (t) => {
  const directory = await temporaryDirectory();
  const file = join(directory.path, 'reserve');
  let free = 5_000 * MB;
  let looks = 0;
  const reports: string[] = [];
  const reserve = new DiskReserve({
    data: directory.path,
    megabytes: 2,
    keepFreeMb: 100,
    report: (line) => reports.push(line),
    space: () => {
      looks += 1;
      return { freeBytes: free, totalBytes: 10_000 * MB };
    },
    everyMs: 10,
  });
  reserve.open();
  t.after(async () => {
    reserve.close();
    // A program that makes the reserve may still run.
    await eventually(() => directory.remove());
  });
  await eventually(() => assert.ok(existsSync(file)));
  free = 20 * MB;
  await eventually(() => assert.equal(existsSync(file), false));
  await eventually(() => assert.match(reports.join(), /the reserve of 2 MB was released.*anchor gc/));
  const looked = looks;
  await eventually(() => assert.ok(looks > looked + 3));
  assert.equal(existsSync(file), false, 'not while the disk is full');
  free = 5_000 * MB;
  await eventually(() => assert.ok(existsSync(file)));
});

test('while a disk is being filled the reserve stays; a start on a full disk releases it at once', async (t) => {
  const directory = await temporaryDirectory();
  t.after(() => directory.remove());
  const file = join(directory.path, 'reserve');
  await writeFile(file, Buffer.alloc(MB));
  let free = 25 * MB;
  let looks = 0;
  const reserve = new DiskReserve({
    data: directory.path,
    megabytes: 1,
    keepFreeMb: 100,
    report: () => undefined,
    space: () => {
      looks++;
      return { freeBytes: (free -= MB / 4), totalBytes: 10_000 * MB };
    },
    everyMs: 5,
  });
  reserve.open();
  await eventually(() => assert.ok(looks > 20));
  assert.ok(existsSync(file));
  reserve.close();
  const started = new DiskReserve({
    data: directory.path,
    megabytes: 1,
    keepFreeMb: 100,
    report: () => undefined,
    space: () => ({ freeBytes: 0, totalBytes: 10_000 * MB }),
  });
  started.open();
  started.close();
  assert.equal(existsSync(file), false);
});

test('where the reserve cannot be created it is not retried at every check', async (t) => {
  const directory = await temporaryDirectory();
  const path = process.env['PATH'];
  t.after(async () => {
    process.env['PATH'] = path;
    await directory.remove();
  });
  const tries = join(directory.path, 'tries');
  await writeFile(join(directory.path, 'fallocate'), `#!/bin/sh\necho "$@" >> ${tries}\nexit 1\n`, { mode: 0o755 });
  process.env['PATH'] = `${directory.path}:${path}`;
  let looks = 0;
  const reserve = new DiskReserve({
    data: directory.path,
    megabytes: 1,
    keepFreeMb: 100,
    report: () => undefined,
    space: () => {
      looks++;
      return { freeBytes: 5_000 * MB, totalBytes: 10_000 * MB };
    },
    everyMs: 5,
  });
  t.after(() => reserve.close());
  reserve.open();
  await eventually(() => assert.ok(existsSync(tries)));
  const before = looks;
  await eventually(() => assert.ok(looks > before + 100));
  assert.equal(await readFile(tries, 'utf8'), `-x -l ${MB} ${join(directory.path, 'reserve')}\n`);
});

test('a disk whose state cannot be read changes nothing', () => {
  const reserve = new DiskReserve({ data: '/nowhere/at/all', megabytes: 1, keepFreeMb: 1, report: assert.fail });
  reserve.open();
  reserve.close();
});
