import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { must, sampleProject } from '@anchor/testing/samples.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { backupDatabase } from './database-backup.ts';
import { openDatabase } from './database.ts';
import { migrate, MIGRATIONS } from './migrations.ts';
import { openStores } from './stores/stores.ts';

async function inDirectory(run: (file: string) => Promise<void>): Promise<void> {
  const directory = await temporaryDirectory();
  try {
    await run(join(directory.path, 'data', 'anchor.db'));
  } finally {
    await directory.remove();
  }
}

test('writes of one turn share a transaction: a thousand of them are one commit', () =>
  inDirectory(async (file) => {
    const db = must(openDatabase(file));
    const watcher = must(openDatabase(file, { readOnly: true }));
    const { projects } = openStores(db);
    const versions = new Set<number>([watcher.dataVersion()]);
    await Promise.all(
      Array.from({ length: 1000 }, async () => {
        await projects.insert(sampleProject());
        versions.add(watcher.dataVersion());
      }),
    );
    assert.equal(versions.size, 2);
    watcher.close();
    db.close();
  }));

test('a write that throws is undone alone and rejects alone', () =>
  inDirectory(async (file) => {
    const db = must(openDatabase(file));
    const add = (key: string) =>
      db.run('INSERT INTO idempotency (key, fingerprint, claimed_at) VALUES (?, ?, 0)', key, 'f');
    const settled = await Promise.allSettled([
      db.write(() => add('a')),
      db.write(() => {
        add('b');
        throw new Error('half-way');
      }),
      db.write(() => add('a')),
      db.write(() => add('c')),
    ]);
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
    );
    assert.deepEqual(
      db.all('SELECT key FROM idempotency ORDER BY key').map((row) => row['key']),
      ['a', 'c'],
    );
    db.close();
  }));

test('when the commit fails, every write of the group rejects, nothing is there, and the next one succeeds', () =>
  inDirectory(async (file) => {
    const db = must(openDatabase(file));
    const { projects } = openStores(db);
    const before = Number(db.get('PRAGMA page_count')?.['page_count']);
    db.get(`PRAGMA max_page_count = ${before + 2}`); // a full disk
    const items = Array.from({ length: 100 }, () => sampleProject());
    const settled = await Promise.allSettled(items.map((project) => projects.insert(project)));
    assert.ok(settled.every(({ status }) => status === 'rejected'));
    db.get('PRAGMA max_page_count = 1000000');
    for (const project of items) assert.equal(await projects.get(project.id), undefined);
    assert.equal(await projects.insert(items[0]!), true);
    db.close();
  }));

test('closing commits what is queued, and later writes are refused', () =>
  inDirectory(async (file) => {
    const db = must(openDatabase(file));
    const project = sampleProject();
    const inserting = openStores(db).projects.insert(project);
    db.close();
    assert.equal(await inserting, true);
    await assert.rejects(
      db.write(() => undefined),
      /closed/,
    );
    const reopened = must(openDatabase(file));
    assert.deepEqual(await openStores(reopened).projects.get(project.id), project);
    reopened.close();
  }));

test('the database has a write-ahead log, and is readable by its owner only', () =>
  inDirectory(async (file) => {
    const db = must(openDatabase(file));
    assert.equal(db.get('PRAGMA journal_mode')?.['journal_mode'], 'wal');
    await openStores(db).projects.insert(sampleProject());
    for (const ending of ['', '-wal', '-shm']) assert.equal((await stat(`${file}${ending}`)).mode & 0o777, 0o600);
    db.close();
  }));

test('a schema newer than this code is refused and left alone', () =>
  inDirectory(async (file) => {
    must(openDatabase(file)).close();
    const raw = new DatabaseSync(file);
    raw.exec('INSERT INTO schema_migrations VALUES (999, 0)');
    raw.close();
    for (const readOnly of [false, true]) {
      const opened = openDatabase(file, { readOnly });
      assert.equal(!opened.ok && opened.error.code, 'unsupported');
      assert.match(opened.ok ? '' : opened.error.message, /schema 999/);
    }
  }));

test('a schema is brought forward step by step, and a step that fails leaves the steps before it', () =>
  inDirectory(async (file) => {
    must(openDatabase(file)).close();
    const raw = new DatabaseSync(file);
    const next = (MIGRATIONS.at(-1)?.version ?? 0) + 1;
    const good = { version: next, sql: 'CREATE TABLE more (a)' };
    const bad = { version: next + 1, sql: 'CREATE TABLE half (a); CREATE TABLE half (a)' };
    assert.throws(() => migrate(raw, false, [...MIGRATIONS, good, bad]));
    const tables = raw.prepare("SELECT name FROM sqlite_schema WHERE name IN ('more', 'half')").all();
    assert.deepEqual(
      tables.map((row) => row['name']),
      ['more'],
    );
    assert.equal(migrate(raw, false, [...MIGRATIONS, good]).ok, true);
    raw.close();
  }));

test('a read-only opening creates nothing and waits for the schema', () =>
  inDirectory(async (file) => {
    assert.equal(openDatabase(file, { readOnly: true }).ok, false);
    assert.equal(existsSync(file), false);
    must(openDatabase(file)).close();
    const db = must(openDatabase(file, { readOnly: true }));
    await assert.rejects(openStores(db).projects.insert(sampleProject()), /readonly/);
    db.close();
  }));

test('a file that is no database is refused with what to do', () =>
  inDirectory(async (file) => {
    must(openDatabase(file)).close();
    await writeFile(file, 'garbage'.repeat(1000));
    const opened = openDatabase(file);
    assert.equal(!opened.ok && opened.error.code, 'internal');
  }));

test('a rename to a name that is taken is refused', () =>
  inDirectory(async (file) => {
    const db = must(openDatabase(file));
    const { projects } = openStores(db);
    const [a, b] = [sampleProject(), sampleProject()];
    await Promise.all([projects.insert(a), projects.insert(b)]);
    assert.equal(await projects.replace({ ...b, name: a.name, version: 2 }), false);
    assert.deepEqual(await projects.get(b.id), b);
    db.close();
  }));

test('a backup taken while projects are written is one valid file with everything written before', () =>
  inDirectory(async (file) => {
    const db = must(openDatabase(file));
    const { projects } = openStores(db);
    const before = Array.from({ length: 500 }, () => sampleProject());
    await Promise.all(before.map((project) => projects.insert(project)));
    const done = new AbortController();
    const busy = (async () => {
      while (!done.signal.aborted) await projects.insert(sampleProject());
    })();
    must(await backupDatabase(db, `${file}.backup`));
    done.abort();
    await busy;
    assert.deepEqual(
      (await readdir(dirname(file))).filter((name) => name.startsWith(`${basename(file)}.backup`)),
      [`${basename(file)}.backup`],
    );
    const copy = must(openDatabase(`${file}.backup`));
    for (const project of before) assert.deepEqual(await openStores(copy).projects.get(project.id), project);
    copy.close();
    assert.equal((await backupDatabase(db, join(dirname(file), 'no', 'such', 'directory'))).ok, false);
    db.close();
  }));

test('each filter of the audit log has an index in the order of its list', () =>
  inDirectory(async (file) => {
    const db = must(openDatabase(file));
    // A rare action among a million entries took 0.5 s, in which the process does nothing else.
    for (const column of ['action', 'actor_id', 'project_id', 'team_id']) {
      const query = `SELECT doc FROM audit WHERE ${column} = 'x' ORDER BY created_at DESC, seq DESC LIMIT 9`;
      const plan = db.all(`EXPLAIN QUERY PLAN ${query}`).map(({ detail }) => String(detail));
      assert.equal(plan.length, 1, plan.join());
      assert.match(plan[0] ?? '', new RegExp(`^SEARCH audit USING INDEX \\w+ \\(${column}=\\?\\)$`));
    }
    db.close();
  }));
