import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { create } from 'tar';
import { must, sampleDeployment, sampleProject, sha256 } from '@anchor/testing/samples.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { stageFolder, sweepScratch } from './backup-stage.ts';
import { openBlobStore } from '../blobs/blob-store.ts';
import { openDatabase } from '../sqlite/database.ts';
import { pathsIn } from '../paths.ts';
import { createBackup } from './platform-backup.ts';
import {
  finishRestore,
  restoreIsUnfinished,
  restoreOffline,
  setStateAside,
  activateBackup,
} from './platform-restore.ts';
import { openBackup } from './open-backup.ts';
import { openSecretBox } from '../secrets/secret-box.ts';
import { openStores } from '../sqlite/stores/stores.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A platform with one deployment of one file, and a repository. */
async function platform(t: TestContext) {
  const directory = await temporaryDirectory();
  const data = join(directory.path, 'data');
  const paths = pathsIn(data);
  await mkdir(data);
  must(await openSecretBox(paths.key));
  const db = must(openDatabase(paths.database));
  const blobs = openBlobStore(paths.blobs);
  const page = await blobs.put(bytes('<h1>the page</h1>'));
  const manifest = await blobs.put(
    bytes(
      JSON.stringify({
        version: 1,
        components: {
          web: {
            kind: 'web',
            framework: { name: 'static' },
            basePath: '',
            trailingSlash: false,
            files: { '/index.html': { blob: page, size: 17, type: 'text/html' } },
            prerenders: {},
          },
        },
      }),
    ),
  );
  const project = sampleProject();
  const deployment = sampleDeployment({ projectId: project.id, state: 'success', artifact: manifest });
  const stores = openStores(db);
  await stores.projects.insert(project);
  await stores.deployments.insert(deployment);
  const objects = join(paths.repository(project.id), 'objects');
  await mkdir(join(objects, 'pack'), { recursive: true });
  await writeFile(join(objects, 'pack', 'pack-1.pack'), 'objects');
  t.after(async () => {
    db.close();
    await directory.remove();
  });
  return {
    directory: directory.path,
    data,
    paths,
    db,
    blobs,
    page,
    manifest,
    objects,
    deployment,
    file: join(directory.path, 'all.backup'),
  };
}

test('half-written blobs, pushes on their way and temporaries of git stay out of a backup', async (t) => {
  const { paths, db, file, objects, directory } = await platform(t);
  await mkdir(join(paths.blobs, 'incoming'), { recursive: true });
  await writeFile(join(paths.blobs, 'incoming', '1-x'), 'half');
  await mkdir(join(paths.data, 'git', 'pushes'), { recursive: true });
  await writeFile(join(paths.data, 'git', 'pushes', 'a.json'), '{}');
  await mkdir(join(objects, 'tmp_objdir-incoming-1'));
  await writeFile(join(objects, 'tmp_objdir-incoming-1', 'big'), 'received');
  await writeFile(join(objects, 'pack', 'tmp_pack_x'), 'received');
  await writeFile(join(objects, '..', 'packed-refs.lock'), '');
  assert.deepEqual(must(await createBackup(db, paths, file)).broken, []);
  must(await openBackup(file, join(directory, 'opened')));
  const names = await readdir(join(directory, 'opened'), { recursive: true });
  assert.ok(names.some((name) => name.endsWith('pack-1.pack')));
  assert.deepEqual(
    names.filter((name) => /incoming|pushes|tmp_|\.lock$|backup\.json/.test(name)),
    [],
  );
});

test('branches whose names look like those of temporaries are in a backup', async (t) => {
  const { paths, db, file, objects, directory } = await platform(t);
  const names = ['incoming-orders', 'tmp_cache', 'incoming-x/y', 'feat/tmp_1'];
  for (const name of names) {
    const path = join(objects, '..', 'refs', 'heads', name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, 'a'.repeat(40));
  }
  await writeFile(join(objects, '..', 'refs', 'heads', 'main.lock'), '');
  must(await createBackup(db, paths, file));
  must(await openBackup(file, join(directory, 'opened')));
  const restored = (await readdir(join(directory, 'opened'), { recursive: true })).filter((name) =>
    name.includes('/refs/heads/'),
  );
  for (const name of names)
    assert.ok(
      restored.some((path) => path.endsWith(`/refs/heads/${name}`)),
      name,
    );
  assert.deepEqual(
    restored.filter((path) => path.endsWith('.lock')),
    [],
  );
});

test('references are staged before the objects that they name, which a push brings first', async (t) => {
  const { objects, directory, paths } = await platform(t);
  const heads = join(objects, '..', 'refs', 'heads');
  await mkdir(heads, { recursive: true });
  for (let i = 0; i < 3_000; i++) await writeFile(join(heads, `b-${i}`), 'a'.repeat(40));
  await writeFile(join(objects, '..', 'packed-refs'), '');
  const stage = join(directory, 'stage');
  await stageFolder(join(paths.data, 'git'), stage, { copy: true, immutable: ['objects'] });
  const [repository] = await readdir(stage);
  const born = async (...path: string[]): Promise<number> =>
    (await stat(join(stage, repository!, ...path))).birthtimeMs;
  const last = Math.max(
    ...(await Promise.all(
      (await readdir(join(stage, repository!, 'refs', 'heads'))).map((name) => born('refs', 'heads', name)),
    )),
    await born('packed-refs'),
  );
  assert.ok((await born('objects')) >= last);
});

/** Keeps swapping the folder `d` and the file `f` of its working directory for links to those given. */
const SWAPPER = `
const { renameSync, symlinkSync, unlinkSync } = require('node:fs');
const [, folder, file] = process.argv;
console.log('ready');
for (;;) for (const [name, target] of [['d', folder], ['f', file]]) try {
  renameSync(name, 'away'); symlinkSync(target, name); unlinkSync(name); renameSync('away', name);
} catch {}`;

test('a link that a running git puts in place of a folder or a file is not followed into a backup', async (t) => {
  const { paths, directory, objects } = await platform(t);
  const [cwd, others, secret] = [join(objects, '..'), join(directory, 'others'), join(directory, 'others', 'secret')];
  for (const folder of [others, join(cwd, 'd')]) await mkdir(folder);
  await writeFile(secret, 'secret');
  for (const name of ['f', 'd/1', 'd/2']) await writeFile(join(cwd, name), 'own');
  const swapper = spawn(process.execPath, ['--eval', SWAPPER, others, secret], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => swapper.once('exit', resolve));
  await new Promise((resolve) => swapper.stdout.once('data', resolve));
  try {
    for (const until = Date.now() + 2_000; Date.now() < until;) {
      const stage = await mkdtemp(join(directory, 'stage-'));
      await stageFolder(join(paths.data, 'git'), stage, { copy: true, immutable: ['objects'] });
      for (const name of await readdir(stage, { recursive: true, withFileTypes: true }))
        if (name.isFile()) assert.notEqual(await readFile(join(name.parentPath, name.name), 'utf8'), 'secret');
    }
  } finally {
    swapper.kill('SIGKILL');
    await ended;
  }
});

test('a folder of the data directory may be a link to another disk', async (t) => {
  const { paths, directory } = await platform(t);
  await rename(paths.blobs, join(directory, 'elsewhere'));
  await symlink(join(directory, 'elsewhere'), paths.blobs);
  await stageFolder(paths.blobs, join(directory, 'stage'), {});
  assert.notDeepEqual(await readdir(join(directory, 'stage')), []);
});

test('backups succeed while blobs, temporaries and logs come, grow and go', { timeout: 60_000 }, async (t) => {
  const { paths, db, file, blobs, objects } = await platform(t);
  await mkdir(paths.logs, { recursive: true });
  const stop = new AbortController();
  const writing = (async () => {
    for (let i = 0; !stop.signal.aborted; i++) {
      const hash = await blobs.put(bytes(`blob ${i} ${'x'.repeat(20_000)}`));
      if (i % 2 === 0) await blobs.remove(hash);
      await writeFile(join(objects, `tmp_obj_${i}`), 'x');
      await rm(join(objects, `tmp_obj_${i}`));
      await writeFile(join(objects, '..', `ref-${i % 50}`), 'x'.repeat(i % 9_000));
      if (i % 3 === 0) await rm(join(objects, '..', `ref-${i % 50}`));
      await appendFile(join(paths.logs, 'access.jsonl'), `${'line'.repeat(1_000)}\n`);
      if (i % 200 === 199) await rename(join(paths.logs, 'access.jsonl'), join(paths.logs, 'access.jsonl.1'));
    }
  })();
  for (let i = 0; i < 8; i++) must(await createBackup(db, paths, `${file}.${i}`));
  stop.abort();
  await writing;
  assert.deepEqual(await readdir(paths.temporary), [], 'no scratch is left');
});

test('a damaged and a missing blob are named, and stop neither the backup nor its restore', async (t) => {
  for (const damage of ['bit', 'missing', 'manifest'] as const) {
    const { paths, db, file, blobs, page, manifest, directory } = await platform(t);
    const hash = damage === 'manifest' ? manifest : page;
    const path = blobs.pathOf(hash);
    await chmod(path, 0o644);
    if (damage === 'missing') await rm(path);
    else await writeFile(path, `X${(await readFile(path, 'utf8')).slice(1)}`);
    assert.deepEqual(must(await createBackup(db, paths, file)).broken, [hash], damage);
    assert.deepEqual(must(await openBackup(file, join(directory, 'opened'))).broken, [hash], damage);
  }
});

test('a backup whose blob was changed later is refused, although its archive is whole', async (t) => {
  const { paths, db, file, page, directory } = await platform(t);
  must(await createBackup(db, paths, file));
  const opened = join(directory, 'opened');
  must(await openBackup(file, opened));
  const path = openBlobStore(pathsIn(opened).blobs).pathOf(page);
  await rm(path);
  await create({ file, cwd: opened, gzip: true }, await readdir(opened));
  const refused = await openBackup(file, join(directory, 'again'));
  assert.match(refused.ok ? '' : (refused.error.cause ?? ''), new RegExp(`${page} is missing or damaged`));
});

test('what is restored may be read by its owner only', async (t) => {
  const { paths, db, file, directory } = await platform(t);
  must(await createBackup(db, paths, file));
  must(await openBackup(file, join(directory, 'opened')));
  for (const name of ['anchor.db', 'key'])
    assert.equal((await stat(join(directory, 'opened', name))).mode & 0o777, 0o600, name);
});

test('a restore without a platform tries the file first, and keeps what was there', async (t) => {
  const { paths, db, file, data, deployment } = await platform(t);
  must(await createBackup(db, paths, file));
  await writeFile(`${file}.cut`, (await readFile(file)).subarray(0, -200));
  const other = join(data, '..', 'other');
  await mkdir(other);
  await writeFile(join(other, 'anchor.db'), 'damaged');
  for (const bad of [`${file}.cut`, join(other, 'nothing')]) {
    assert.equal((await restoreOffline(bad, other, 1_000)).ok, false);
    assert.deepEqual(await readdir(other), ['anchor.db']);
  }
  const report = must(await restoreOffline(file, other, 1_000));
  assert.deepEqual([report.projects, report.deployments], [1, 1]);
  const restored = must(openDatabase(pathsIn(other).database));
  assert.deepEqual(await openStores(restored).deployments.get(deployment.id), deployment);
  restored.close();
  assert.equal(await readFile(join(other, 'before-restore-1970-01-01T00-00-01.000Z', 'anchor.db'), 'utf8'), 'damaged');
});

test('a restore that is cut off at any step is ended by the next start', async (t) => {
  const { paths, db, file, directory } = await platform(t);
  must(await createBackup(db, paths, file));
  for (const moved of [0, 1, 2, 3]) {
    const data = join(directory, `cut-${moved}`);
    const opened = join(data, 'restoring-1');
    await mkdir(data);
    for (const part of ['anchor.db', 'blobs', 'key']) await writeFile(join(data, part), 'old');
    must(await openBackup(file, opened));
    // As `swapIn` leaves it when it is killed: first the old parts go, then the new ones come.
    const aside = join(data, 'before-restore-x');
    await mkdir(aside);
    const inward = moved >= 2;
    for (const part of ['anchor.db', 'blobs', 'key'].slice(0, inward ? 3 : moved))
      await rename(join(data, part), join(aside, part));
    if (inward)
      for (const part of ['blobs', 'key'].slice(0, moved - 2)) await rename(join(opened, part), join(data, part));
    await writeFile(
      join(data, 'restore.json'),
      JSON.stringify({ directory: opened, aside, phase: inward ? 'in' : 'aside' }),
    );
    assert.equal(restoreIsUnfinished(data), true);
    must(await finishRestore(data));
    assert.equal(restoreIsUnfinished(data), false);
    const restored = must(openDatabase(pathsIn(data).database));
    assert.equal(Number(restored.get('SELECT count(*) AS n FROM deployments')?.['n']), 1, String(moved));
    restored.close();
    for (const part of ['anchor.db', 'blobs', 'key']) assert.equal(await readFile(join(aside, part), 'utf8'), 'old');
    assert.equal(existsSync(opened), false);
  }
});

test('a restart preserves what was there', async (t) => {
  const { data, db, page } = await platform(t);
  db.close();
  const aside = must(await setStateAside(data, 5_000));
  assert.ok(openBlobStore(join(aside, 'blobs')) && (await openBlobStore(join(aside, 'blobs')).has(page)));
  assert.equal(existsSync(join(data, 'anchor.db')) || existsSync(join(data, 'key')), false);
  assert.equal((await activateBackup(join(data, 'nothing'), join(data, 'nowhere'), 1)).ok, false);
  assert.ok(sha256(1));
});

test('deploy keys and scratch that a killed process left are removed at the start, and what others use is not', async (t) => {
  const { paths, directory } = await platform(t);
  const shared = join(directory, 'tmp');
  const left = [
    join(paths.temporary, 'key-abc', 'key'),
    join(paths.temporary, 'fetch-abc', 'config'),
    join(shared, 'anchor-head-old', 'key-x', 'key'),
  ];
  const stay = [
    join(paths.temporary, 'other', 'file'),
    join(shared, 'anchor-head-now', 'key-x', 'key'),
    join(shared, 'of-others', 'key'),
  ];
  for (const path of [...left, ...stay]) {
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, 'x');
  }
  await utimes(join(shared, 'anchor-head-old'), 1, 1);
  await utimes(join(shared, 'of-others'), 1, 1);
  await sweepScratch(paths, shared);
  assert.deepEqual(
    [...left, ...stay].map((path) => existsSync(path)),
    [false, false, false, true, true, true],
  );
});
