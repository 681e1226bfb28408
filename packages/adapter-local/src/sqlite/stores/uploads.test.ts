import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { MAX_UPLOADS } from '@anchor/core/ports/uploads.ts';
import { must, sampleProject, sha256 } from '@anchor/testing/samples.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { openDatabase } from '../database.ts';
import { migrate, MIGRATIONS } from '../migrations.ts';
import { uploadStore } from './uploads.ts';

const NOW = Date.UTC(2030, 0, 1);

test('uploads that an older version stored among the idempotency keys are migrated', async (t) => {
  const directory = await temporaryDirectory();
  t.after(() => directory.remove());
  const file = join(directory.path, 'anchor.db');
  const { id } = sampleProject();
  const raw = new DatabaseSync(file);
  assert.ok(migrate(raw, false, MIGRATIONS.slice(0, 3)).ok);
  const add = raw.prepare('INSERT INTO idempotency (key, fingerprint, response, claimed_at) VALUES (?, ?, ?, ?)');
  add.run(`upload/${id}/${sha256(1)}`, sha256(1), sha256(1), NOW);
  add.run(`upload/${id}/${sha256(2)}`, sha256(2), null, NOW);
  add.run(sha256(3), 'body', 'response', NOW);
  raw.close();

  const db = must(openDatabase(file));
  t.after(() => db.close());
  const uploads = uploadStore(db);
  assert.equal(await uploads.hasUpload(id, sha256(1), NOW), true);
  assert.equal(await uploads.hasUpload(id, sha256(2), NOW), false, 'its upload was not finished');
  assert.deepEqual(
    db.all('SELECT key FROM idempotency').map((row) => row['key']),
    [sha256(3)],
  );
});

test('a project that uploads without end leaves a bounded number of rows', async (t) => {
  const directory = await temporaryDirectory();
  t.after(() => directory.remove());
  const db = must(openDatabase(join(directory.path, 'anchor.db')));
  t.after(() => db.close());
  const uploads = uploadStore(db);
  const { id } = sampleProject();
  await Promise.all(Array.from({ length: MAX_UPLOADS + 50 }, (_, n) => uploads.recordUpload(id, sha256(n), NOW)));
  assert.equal(db.get('SELECT count(*) AS n FROM uploads')?.['n'], MAX_UPLOADS);
  assert.equal(await uploads.hasUpload(id, sha256(49), NOW), false, 'the oldest are forgotten first');
});
