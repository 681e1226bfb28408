import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { BranchName, CommitSha } from '@anchor/core/names/name.ts';
import { openHome, type Home } from '../../../../e2e/builder.ts';
import { backend } from './testing.ts';

const PASSWORD = 'p@ss w0rd/9';
let home: Home;
let server: Server;
let port = 0;
let authorizations: string[] = [];
before(async () => {
  home = await openHome({ allowHosts: ['localhost'], limits: { diskMb: 256 } });
  execFileSync('git', ['-C', home.paths.repository(home.project), 'config', 'http.receivepack', 'false']);
  server = gitServer(join(home.paths.repository(home.project), '..'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
after(async () => {
  server.close();
  server.closeAllConnections();
  await home.close();
});

/** Git's own smart HTTP behind a password. */
function gitServer(root: string): Server {
  return createServer((request, response) => {
    authorizations.push(request.headers.authorization ?? '');
    if (request.headers.authorization !== `Basic ${Buffer.from(`me:${PASSWORD}`).toString('base64')}`) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      return;
    }
    const url = new URL(request.url ?? '/', 'http://x');
    backend(root, url, request, response);
  });
}

const repository = (host = 'localhost') => ({
  kind: 'git' as const,
  url: `http://${host}:${port}/${home.project}.git`,
  provider: 'generic' as const,
});
const commitIndex = (text: string) =>
  home.commit((dir) => {
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'index.html'), text);
  });

/** Returns everything that a build left on its disk, as text, to check for what must not be there. */
async function leftOnDisk(): Promise<string> {
  await home.builder.idle();
  const disk = await home.sandboxes.openDisk({
    name: home.project.replaceAll('_', '-'),
    identity: home.project,
    sizeMb: 256,
  });
  assert.ok(disk.ok);
  let all = '';
  for (const entry of readdirSync(disk.value.path, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) all += readFileSync(join(entry.parentPath, entry.name), 'latin1');
  }
  await disk.value.close();
  return all;
}

test('a private repository is fetched with credentials that appear nowhere', async () => {
  authorizations = [];
  const commit = commitIndex('from a git host');
  const result = await home.build(commit, { repository: repository(), credentials: `me:${PASSWORD}` });
  assert.ok(result.ok, JSON.stringify(result));
  assert.ok(authorizations.length > 0);
  const left = await leftOnDisk();
  for (const secret of [PASSWORD, Buffer.from(`me:${PASSWORD}`).toString('base64')]) {
    assert.ok(!result.observed.log.includes(secret));
    assert.ok(!left.includes(secret));
  }
});

test('only the requested commit is fetched, not its history', async () => {
  const first = commitIndex('old-history-content');
  const second = commitIndex('new content');
  const result = await home.build(second, { repository: repository(), credentials: `me:${PASSWORD}` });
  assert.ok(result.ok, JSON.stringify(result));
  const older = await home.build(first, { repository: repository(), credentials: `me:${PASSWORD}` });
  assert.ok(older.ok, JSON.stringify(older));
  const page = (await home.manifest(older.value.artifact)).components['web']!.files['/index.html']!;
  assert.equal(await home.text(page.blob), 'old-history-content');
});

test('missing credentials are explained, and wrong ones are not repeated', async () => {
  const commit = commitIndex('x');
  for (const credentials of [undefined, 'me:wrong-password-1']) {
    const result = await home.build(commit, {
      repository: repository(),
      ...(credentials === undefined ? {} : { credentials }),
    });
    assert.ok(!result.ok);
    assert.equal(result.error.code, 'source_unreachable');
    assert.match(result.error.fix, /credentials/);
    assert.ok(!JSON.stringify(result).includes('wrong-password-1'));
  }
});

for (const url of [
  'http://127.0.0.1:PORT/a.git',
  'ext::sh -c id',
  'file:///etc',
  '--upload-pack=id',
  'http://169.254.169.254/latest',
]) {
  test(`a project with the address ${url} is refused before any request`, async () => {
    authorizations = [];
    const result = await home.build('0'.repeat(40) as CommitSha, {
      repository: { ...repository(), url: url.replace('PORT', String(port)) },
    });
    assert.ok(!result.ok);
    assert.equal(result.error.code, 'source_refused');
    assert.equal(authorizations.length, 0);
  });
}

test('hooks, filters, submodules and attributes of a hostile repository run nothing', async () => {
  const marker = join(home.dir, 'marker');
  const commit = home.commit((dir) => {
    writeFileSync(join(dir, 'index.html'), 'x');
    writeFileSync(join(dir, '.gitattributes'), '* filter=evil\n*.html filter=lfs\n');
    writeFileSync(join(dir, '.gitmodules'), `[submodule "a"]\n\tpath = a\n\turl = ext::sh -c "touch ${marker}"\n`);
    writeFileSync(join(dir, '.lfsconfig'), `[lfs]\n\turl = http://127.0.0.1:${port}/lfs\n`);
    symlinkSync('/etc/passwd', join(dir, 'link'));
  });
  const result = await home.build(commit);
  assert.ok(!result.ok && result.error.code === 'output_refused', JSON.stringify(result));
  assert.ok(!existsSync(marker));
});

test('an uploaded folder is built like a commit', async () => {
  const from = join(home.dir, 'upload');
  mkdirSync(join(from, 'sub'), { recursive: true });
  writeFileSync(join(from, 'sub', 'index.html'), 'uploaded');
  const blob = await home.blobs.put(execFileSync('tar', ['-C', from, '-czf', '-', '.']));
  const result = await home.build('0'.repeat(40) as CommitSha, {
    source: { kind: 'upload', blob, branch: 'main' as BranchName },
    settings: { rootDirectory: 'sub' },
  });
  assert.ok(result.ok, JSON.stringify(result));
  const files = (await home.manifest(result.value.artifact)).components['web']!.files;
  assert.deepEqual(Object.keys(files), ['/index.html']);
  const gone = await home.build('0'.repeat(40) as CommitSha, { source: { kind: 'upload', blob: 'f'.repeat(64) } });
  assert.ok(!gone.ok && gone.error.code === 'source_unreachable');
});

test('nothing is left in the scratch directory', () => {
  assert.deepEqual(existsSync(home.paths.temporary) ? readdirSync(home.paths.temporary) : [], []);
  assert.ok(statSync(home.dir).isDirectory());
});
