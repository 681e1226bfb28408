import assert from 'node:assert/strict';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '@anchor/testing/eventually.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { until } from '@anchor/testing/until.ts';
import { RotatingFile } from './rotating-file.ts';

const MB = 1_048_576;
const LINE = `${'x'.repeat(9_999)}\n`;

test('a log whose folder is removed or is no folder ends no process, and continues when it can', async (t) => {
  const directory = await temporaryDirectory();
  t.after(() => directory.remove());
  const folder = join(directory.path, 'logs');
  await writeFile(folder, 'in the way');
  const log = new RotatingFile(join(folder, 'access.jsonl'));
  log.write('lost\n');
  await rm(folder);
  await eventually(async () => {
    log.write('kept\n');
    assert.match(await readFile(join(folder, 'access.jsonl'), 'utf8'), /kept/);
  });
  await log.close();
});

test('a log that is removed while it is full is created again', { timeout: 60_000 }, async (t) => {
  const directory = await temporaryDirectory();
  t.after(() => directory.remove());
  const file = join(directory.path, 'access.jsonl');
  const log = new RotatingFile(file);
  const sizeOf = (path: string): Promise<number> =>
    stat(path).then(
      ({ size }) => size,
      () => 0,
    );
  // In parts: what a disk is too slow for is dropped.
  for (let bytes = 0; bytes < 70 * MB; bytes += LINE.length) {
    log.writeAscii(LINE);
    if (bytes % (8 * MB) < LINE.length)
      await until('it is on the disk', async () => (await sizeOf(file)) + (await sizeOf(`${file}.1`)) > bytes - MB);
  }
  await rm(file, { force: true });
  await eventually(async () => {
    log.write('after\n');
    for (let i = 0; i < 14; i++) log.writeAscii(LINE);
    assert.match(await readFile(file, 'utf8'), /after/);
  });
  await log.close();
});
