import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { addToTagLog, readTagLog } from './tag-log-file.ts';

async function logIn(t: TestContext, text?: string): Promise<string> {
  const temporary = await temporaryDirectory();
  t.after(() => temporary.remove());
  const path = join(temporary.path, 'tags.log');
  if (text !== undefined) writeFileSync(path, text);
  return path;
}

test('a log gets the lines of another one, after the end of a line that was cut off', async (t) => {
  const path = await logIn(t, 'first\ncut o');
  await addToTagLog(path, Buffer.from('second\n'));
  assert.equal(readFileSync(path, 'utf8'), 'first\ncut o\nsecond\n');
});

test('of a log that continues it, a log gets the new lines only', async (t) => {
  const path = await logIn(t, 'first\n');
  for (let round = 0; round < 2; round++) await addToTagLog(path, Buffer.from('first\nsecond\n'));
  assert.equal(readFileSync(path, 'utf8'), 'first\nsecond\n');
});

test('a log that is a directory or a link is replaced, and what the link leads to stays', async (t) => {
  const victim = await logIn(t, 'of the machine');
  const [directory, link] = [await logIn(t), await logIn(t)];
  mkdirSync(directory);
  symlinkSync(victim, link);
  for (const path of [directory, link]) {
    assert.equal(await readTagLog(path), undefined);
    await addToTagLog(path, Buffer.from('first\n'));
    assert.equal(readFileSync(path, 'utf8'), 'first\n');
  }
  assert.equal(readFileSync(victim, 'utf8'), 'of the machine');
});
