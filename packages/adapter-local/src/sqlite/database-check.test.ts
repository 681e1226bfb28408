import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { open, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { must, sampleProject } from '@anchor/testing/samples.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { checkDatabase } from './database-check.ts';
import { openDatabase } from './database.ts';
import { openStores } from './stores/stores.ts';

test('a whole database is fine while it is open; damaged pages and garbage are found', async (t) => {
  const directory = await temporaryDirectory();
  t.after(() => directory.remove());
  const file = join(directory.path, 'anchor.db');
  const db = must(openDatabase(file));
  await Promise.all(Array.from({ length: 200 }, () => openStores(db).projects.insert(sampleProject())));
  assert.equal(await checkDatabase(file), undefined);
  db.close();
  const handle = await open(file, 'r+');
  for (let page = 2; page < (await stat(file)).size / 4_096; page += 3)
    await handle.write(randomBytes(4_096), 0, 4_096, page * 4_096);
  await handle.close();
  assert.ok(await checkDatabase(file));
  await writeFile(file, randomBytes(50_000));
  assert.match((await checkDatabase(file)) ?? '', /not a database/);
  await assert.rejects(checkDatabase(join(directory.path, 'nothing')));
});
