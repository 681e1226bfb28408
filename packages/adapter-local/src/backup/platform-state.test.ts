import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { must, sampleProject } from '@anchor/testing/samples.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { openBlobStore } from '../blobs/blob-store.ts';
import { openDatabase } from '../sqlite/database.ts';
import { pathsIn } from '../paths.ts';
import { checkState } from './platform-state.ts';
import { openSecretBox } from '../secrets/secret-box.ts';
import { openStores } from '../sqlite/stores/stores.ts';

/** A platform's state on disk after some use, stopped. */
async function used(t: TestContext) {
  const directory = await temporaryDirectory();
  t.after(() => directory.remove());
  const paths = pathsIn(directory.path);
  const secrets = must(await openSecretBox(paths.key));
  const db = must(openDatabase(paths.database));
  const { projects } = openStores(db);
  for (let i = 0; i < 200; i++) {
    const project = sampleProject();
    await projects.insert({ ...project, webhookSecret: await secrets.seal('s', `webhook/${project.id}`) });
  }
  await openBlobStore(paths.blobs).put(new TextEncoder().encode('a blob'));
  await mkdir(paths.repository('prj_00000000000000000000'), { recursive: true });
  const ids = (await projects.list({ limit: 100 })).items.map(({ id }) => id);
  db.close();
  return { paths, ids };
}
const refusal = async (paths: Parameters<typeof checkState>[0]): Promise<string> => {
  const state = await checkState(paths);
  return state.ok ? '' : `${state.error.message}: ${state.error.cause ?? ''}. ${state.error.fix}`;
};

test('a new directory, a used one, and one whose start was cut off behind the key are fine', async (t) => {
  const directory = await temporaryDirectory();
  t.after(() => directory.remove());
  assert.equal(await refusal(pathsIn(directory.path)), '');
  must(await openSecretBox(pathsIn(directory.path).key));
  assert.equal(await refusal(pathsIn(directory.path)), '');
  assert.equal(await refusal((await used(t)).paths), '');
});

test('a database that is missing, empty or new beside blobs or repositories is refused with the way out', async (t) => {
  for (const part of ['blobs', 'git']) {
    const { paths } = await used(t);
    await rm(join(paths.data, part), { recursive: true });
    await rm(paths.database);
    assert.match(await refusal(paths), /anchor\.db is missing, but (?:blobs|repositories) .*--restore FILE.*--new/);
    await writeFile(paths.database, '');
    assert.match(await refusal(paths), /is empty/);
    await rm(paths.database);
    must(openDatabase(paths.database)).close();
    assert.match(await refusal(paths), /has no records/);
  }
});

test('a platform whose projects were all removed is no lost one', async (t) => {
  const { paths } = await used(t);
  const db = must(openDatabase(paths.database));
  await db.write(() => db.run('DELETE FROM projects'));
  db.close();
  assert.equal(await refusal(paths), '');
});

test('a damaged page, a damaged header and a file that is no database are refused with one sentence', async (t) => {
  for (const damage of ['page', 'header', 'garbage'] as const) {
    const { paths } = await used(t);
    if (damage === 'garbage') await writeFile(paths.database, randomBytes(50_000));
    else {
      const { size } = await stat(paths.database);
      const handle = await open(paths.database, 'r+');
      if (damage === 'header') await handle.write(randomBytes(100), 0, 100, 0);
      else
        for (let page = 2; page < size / 4_096; page += 3)
          await handle.write(randomBytes(4_096), 0, 4_096, page * 4_096);
      await handle.close();
    }
    const message = await refusal(paths);
    assert.match(message, /damaged/, damage);
    assert.match(message, /\.\/up --restore FILE/, damage);
  }
});

test('a master key that is missing or another one is refused; one that was put before the old one is not', async (t) => {
  const { paths } = await used(t);
  const key = await readFile(paths.key);
  await rm(paths.key);
  assert.match(await refusal(paths), /master key .* is missing; the secrets .* sealed with [0-9a-f]{16}/);
  await assert.rejects(stat(paths.key), 'none is made');
  await writeFile(paths.key, randomBytes(32), { mode: 0o600 });
  assert.match(await refusal(paths), /is another one/);
  await writeFile(paths.key, Buffer.concat([randomBytes(32), key]), { mode: 0o600 });
  assert.equal(await refusal(paths), '');
});
