import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { openHome, type Home } from '../../../../e2e/builder.ts';
import type { BuildRequest } from '@anchor/core/ports/build-runner.ts';
import type { CommitSha } from '@anchor/core/names/name.ts';
import { lfsObject } from './lfs.ts';
import { resolveSubmoduleUrl, sameOrigin } from './submodules.ts';
import { openGitHost, type GitHost } from './testing.ts';

const PASSWORD = 'me:s3cret-pass';
const IMAGE = Buffer.from('\x89PNG the image itself');
const outer = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.family === 'IPv4' && !each.internal)?.address;
let home: Home;
let host: GitHost;
let lfs: Map<string, Buffer>;

before(async () => {
  home = await openHome({
    allowHosts: ['localhost', ...(outer === undefined ? [] : [outer])],
    limits: { diskMb: 256 },
    allowNetworks: outer === undefined ? [] : [`${outer}/32`],
  });
  host = await openGitHost({
    root: dirname(home.paths.repository(home.project)),
    password: PASSWORD,
    address: '0.0.0.0',
    other: (request, response) => serveLfs(lfs, request, response),
  });
  lfs = new Map();
});
after(async () => {
  host.close();
  await home.close();
});

/** The batch API, and the objects below /objects on the same host. */
function serveLfs(objects: ReadonlyMap<string, Buffer>, request: IncomingMessage, response: ServerResponse): boolean {
  const object = /\/lfs-object\/([0-9a-f]{64})$/.exec(request.url ?? '')?.[1];
  if (object !== undefined) {
    const bytes = objects.get(object);
    response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
    return true;
  }
  if (request.url?.endsWith('.git/info/lfs/objects/batch') !== true) return false;
  let text = '';
  request.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  request.on('end', () => {
    const { objects: wanted } = JSON.parse(text) as { objects: { oid: string; size: number }[] };
    const found = wanted.map(({ oid, size }) =>
      objects.has(oid)
        ? { oid, size, actions: { download: { href: `http://${request.headers.host}/lfs-object/${oid}` } } }
        : { oid, size, error: { code: 404, message: 'Object does not exist' } },
    );
    response
      .writeHead(200, { 'content-type': 'application/vnd.git-lfs+json' })
      .end(JSON.stringify({ transfer: 'basic', objects: found }));
  });
  return true;
}

const oidOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const pointerTo = (bytes: Buffer): string =>
  `version https://git-lfs.github.com/spec/v1\noid sha256:${oidOf(bytes)}\nsize ${bytes.length}\n`;
const external = (): Partial<BuildRequest> => ({
  repository: { kind: 'git', url: `http://localhost:${host.port}/${home.project}.git`, provider: 'generic' },
  credentials: PASSWORD,
});
const fresh = (dir: string): void => {
  for (const name of ['.gitattributes', '.gitmodules', 'img', 'sub', 'notes.txt', 'content', '.lfsconfig'])
    rmSync(join(dir, name), { recursive: true, force: true });
};
const commit = (files: Readonly<Record<string, string>>): CommitSha =>
  home.commit((dir) => {
    fresh(dir);
    for (const [path, text] of Object.entries({ 'index.html': 'page', ...files })) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), text);
    }
  });

async function served(artifact: string, path: string): Promise<string | undefined> {
  const file = (await home.manifest(artifact)).components['web']?.files[path];
  return file === undefined ? undefined : home.text(file.blob);
}

/** Another repository on the host, with one commit. */
function repository(name: string, files: Readonly<Record<string, string>>): string {
  const bare = join(dirname(home.paths.repository(home.project)), `${name}.git`);
  const tree = join(home.dir, `tree-${name}`);
  const git = (cwd: string, ...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  mkdirSync(tree, { recursive: true });
  if (!existsSync(bare)) execFileSync('git', ['init', '-q', '--bare', '-b', 'main', bare]);
  git(tree, 'init', '-q', '-b', 'main');
  for (const [path, text] of Object.entries(files)) writeFileSync(join(tree, path), text);
  git(tree, 'add', '-A');
  git(tree, 'commit', '-q', '-m', 'x');
  git(tree, 'push', '-q', '--force', bare, 'main');
  return git(tree, 'rev-parse', 'HEAD');
}

/** A commit that names a commit of another repository at `path`. */
function withModule(path: string, sha: string, gitmodules: string | undefined): CommitSha {
  commit(gitmodules === undefined ? {} : { '.gitmodules': gitmodules });
  home.git('update-index', '--add', '--cacheinfo', `160000,${sha},${path}`);
  home.git('commit', '-q', '-m', 'module');
  home.git('push', '-q', '--force', home.paths.repository(home.project), 'HEAD:refs/heads/main');
  const head = home.git('rev-parse', 'HEAD') as CommitSha;
  home.git('reset', '-q', '--hard', 'HEAD~1');
  return head;
}

test('Git LFS files of a private repository are fetched in place of their pointers', async () => {
  lfs.set(oidOf(IMAGE), IMAGE);
  host.requests.length = 0;
  const sha = commit({
    '.gitattributes': '*.png filter=lfs diff=lfs merge=lfs -text\n',
    'img/a.png': pointerTo(IMAGE),
    'img/ü "b".png': pointerTo(IMAGE),
    'notes.txt': pointerTo(IMAGE),
  });
  const result = await home.build(sha, external());
  assert.ok(result.ok, JSON.stringify(result));
  assert.equal(await served(result.value.artifact, '/img/a.png'), IMAGE.toString());
  assert.equal(await served(result.value.artifact, '/img/ü "b".png'), IMAGE.toString());
  // Not a file of Git LFS: .gitattributes does not assign it.
  assert.equal(await served(result.value.artifact, '/notes.txt'), pointerTo(IMAGE));
  assert.match(result.observed.log, /notes\.txt looks like a Git LFS pointer/);
  assert.ok(host.requests.some(({ path }) => path.startsWith('/lfs-object/')));
  assert.ok(!result.observed.log.includes('s3cret'));
});

test(
  'a Git LFS server at another address is reached from the sandbox, without the project’s credentials',
  { skip: outer === undefined ? 'this machine has no other address' : false },
  async () => {
    lfs.set(oidOf(IMAGE), IMAGE);
    const other = await openGitHost({
      root: home.dir,
      address: outer ?? '',
      other: (request, response) => serveLfs(lfs, request, response),
    });
    try {
      const sha = commit({
        '.gitattributes': '*.png filter=lfs\n',
        'img/a.png': pointerTo(IMAGE),
        '.lfsconfig': `[lfs]\n\turl = http://${outer}:${other.port}/team.git/info/lfs\n`,
      });
      const result = await home.build(sha, external());
      assert.ok(result.ok, JSON.stringify(result));
      assert.equal(await served(result.value.artifact, '/img/a.png'), IMAGE.toString());
      assert.ok(
        other.requests.length === 2 && other.requests.every(({ authorization }) => authorization === undefined),
      );
    } finally {
      other.close();
    }
  },
);

test('a Git LFS file that the host does not have, or has with other content, fails the build with its name', async () => {
  const lost = Buffer.from('lost');
  const sha = commit({ '.gitattributes': '*.png filter=lfs\n', 'img/lost.png': pointerTo(lost) });
  const missing = await home.build(sha, external());
  assert.ok(!missing.ok);
  assert.equal(missing.error.message, 'The Git LFS file img/lost.png is missing');
  assert.match(missing.error.fix, /git lfs push --all origin/);
  lfs.set(oidOf(lost), Buffer.from('evil'));
  const changed = await home.build(sha, external());
  assert.ok(!changed.ok);
  assert.match(changed.error.cause ?? '', /arrived with other content/);
  lfs.delete(oidOf(lost));
});

test('a .lfsconfig that names a private address is refused before any request', async () => {
  const sha = commit({
    '.gitattributes': '*.png filter=lfs\n',
    'img/a.png': pointerTo(IMAGE),
    '.lfsconfig': '[lfs]\n\turl = http://169.254.169.254/latest\n',
  });
  const result = await home.build(sha, external());
  assert.ok(!result.ok);
  assert.equal(result.error.code, 'source_refused');
});

test('in the platform’s own repository Git LFS files are read beside its objects, and missing ones are reported with how to send them', async () => {
  const sha = commit({ '.gitattributes': '*.png filter=lfs\n', 'img/own.png': pointerTo(IMAGE) });
  const missing = await home.build(sha);
  assert.ok(!missing.ok);
  assert.equal(missing.error.message, 'The Git LFS file img/own.png is missing');
  assert.match(missing.error.fix, /git lfs push --all anchor/);
  const object = lfsObject(home.paths.repository(home.project), oidOf(IMAGE));
  mkdirSync(dirname(object), { recursive: true });
  writeFileSync(object, IMAGE);
  const result = await home.build(sha);
  assert.ok(result.ok, JSON.stringify(result));
  assert.equal(await served(result.value.artifact, '/img/own.png'), IMAGE.toString());
});

test('a folder that was sent with pointers of Git LFS in it is refused', async () => {
  const from = join(home.dir, 'upload-lfs');
  const send = async (attributes: string | undefined) => {
    rmSync(from, { recursive: true, force: true });
    mkdirSync(join(from, 'img', 'deep'), { recursive: true });
    writeFileSync(join(from, 'index.html'), 'x');
    writeFileSync(join(from, 'img', 'deep', 'a.png'), pointerTo(IMAGE));
    if (attributes !== undefined) writeFileSync(join(from, 'img', '.gitattributes'), attributes);
    const blob = await home.blobs.put(execFileSync('tar', ['-C', from, '-czf', '-', '.']));
    return home.build('0'.repeat(40) as CommitSha, { source: { kind: 'upload', blob } });
  };
  const refused = await send('*.png filter=lfs diff=lfs\n');
  assert.ok(!refused.ok);
  assert.equal(refused.error.message, 'img/deep/a.png is a Git LFS pointer, not the file itself');
  assert.match(refused.error.fix, /git lfs pull/);
  assert.ok((await send(undefined)).ok);
});

test('submodules are fetched with the project’s credentials, by relative address and inside one another', async () => {
  const inner = repository('inner', { 'deep.txt': 'deep' });
  repository('module', {
    'post.md': 'a post',
    '.gitmodules': '[submodule "x"]\n\tpath = inner\n\turl = ./../inner.git\n',
  });
  const tree = join(home.dir, 'tree-module');
  execFileSync('git', ['update-index', '--add', '--cacheinfo', `160000,${inner},inner`], { cwd: tree });
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '-q', '-m', 'y'], { cwd: tree });
  execFileSync('git', ['push', '-q', join(dirname(home.paths.repository(home.project)), 'module.git'), 'main'], {
    cwd: tree,
  });
  const module = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: tree, encoding: 'utf8' }).trim();
  const result = await home.build(
    withModule('content', module, '[submodule "content"]\n\tpath = content\n\turl = ../module.git\n'),
    external(),
  );
  assert.ok(result.ok, JSON.stringify(result));
  assert.equal(await served(result.value.artifact, '/content/post.md'), 'a post');
  assert.equal(await served(result.value.artifact, '/content/inner/deep.txt'), 'deep');
  assert.equal(await served(result.value.artifact, '/content/.git/HEAD'), undefined);
});

test('a submodule that cannot be fetched fails the build with its name', async () => {
  const sha = repository('gone', { a: 'b' });
  const cases: readonly (readonly [gitmodules: string | undefined, request: Partial<BuildRequest>, message: RegExp])[] =
    [
      [undefined, external(), /^The submodule content has no address$/],
      [
        `[submodule "c"]\n\tpath = content\n\turl = http://localhost:${host.port}/nothing.git\n`,
        external(),
        /^The submodule content could not be fetched: localhost has no such repository$/,
      ],
      [
        '[submodule "c"]\n\tpath = content\n\turl = http://169.254.169.254/x.git\n',
        external(),
        /^The submodule content could not be fetched: 169\.254\.169\.254 is an address of this machine/,
      ],
      [
        '[submodule "c"]\n\tpath = content\n\turl = ../gone.git\n',
        {},
        /^The submodule content could not be fetched: its address \.\.\/gone\.git is relative/,
      ],
      [
        '[submodule "c"]\n\tpath = content\n\turl = file:///etc\n',
        external(),
        /^The submodule content could not be fetched: ".*" is not a supported repository address/,
      ],
    ];
  for (const [gitmodules, request, message] of cases) {
    const result = await home.build(withModule('content', sha, gitmodules), request);
    assert.ok(!result.ok, `${gitmodules}`);
    assert.match(result.error.message, message);
  }
});

test('an entry of .gitmodules without a commit is reported, and an old one whose folder has files is not', async () => {
  const sha = commit({
    '.gitmodules':
      '[submodule "a"]\n\tpath = vendor/lib\n\turl = https://example.com/lib.git\n[submodule "b"]\n\tpath = img\n\turl = https://example.com/img.git\n',
    'img/a.txt': 'x',
  });
  const result = await home.build(sha);
  assert.ok(result.ok, JSON.stringify(result));
  assert.match(result.observed.log, /The submodule vendor\/lib is missing: /);
  assert.ok(!result.observed.log.includes('submodule img'));
});

test('credentials go to no other host than the project’s own', async () => {
  const sha = repository('shared', { 'x.txt': 'x' });
  const other = await openGitHost({ root: dirname(home.paths.repository(home.project)) });
  try {
    const result = await home.build(
      withModule(
        'content',
        sha,
        `[submodule "c"]\n\tpath = content\n\turl = http://localhost:${other.port}/shared.git\n`,
      ),
      external(),
    );
    assert.ok(result.ok, JSON.stringify(result));
    assert.ok(other.requests.length > 0);
    assert.ok(other.requests.every(({ authorization }) => authorization === undefined));
  } finally {
    other.close();
  }
});

test('a commit of a fork gets no other repository with the project’s credentials', async () => {
  const sha = repository('internal', { 'plan.txt': 'secret' });
  const at = host.requests.length;
  const fork = withModule('content', sha, '[submodule "content"]\n\tpath = content\n\turl = ../internal.git\n');
  const result = await home.build(fork, { ...external(), cache: 'none' });
  assert.ok(!result.ok);
  assert.match(result.error.message, /^The submodule content could not be fetched: localhost denied access/);
  assert.ok(
    host.requests
      .slice(at)
      .filter(({ path }) => path.startsWith('/internal.git'))
      .every(({ authorization }) => authorization === undefined),
  );
  const own = await home.build(fork, external());
  assert.ok(own.ok, JSON.stringify(own));
});

test('addresses by ssh are taken by https where the project itself is, and relative ones as git does', () => {
  const parent = {
    url: 'https://git.example.com:3000/team/site.git',
    project: { url: 'https://git.example.com:3000/team/site.git' },
  };
  const of = (text: string, from = parent): string => {
    const result = resolveSubmoduleUrl(text, from, []);
    return result.ok ? result.value.url : result.error.code;
  };
  assert.equal(of('git@git.example.com:team/lib.git'), 'https://git.example.com:3000/team/lib.git');
  assert.equal(of('ssh://git@github.com/team/lib'), 'https://github.com/team/lib');
  assert.equal(of('../lib.git'), 'https://git.example.com:3000/team/lib.git');
  assert.equal(of('./lib.git'), 'https://git.example.com:3000/team/site.git/lib.git');
  assert.equal(of('../../other/lib'), 'https://git.example.com:3000/other/lib');
  const ssh = {
    url: 'ssh://git@git.example.com/team/site.git',
    project: { url: 'ssh://git@git.example.com/team/site.git' },
  };
  assert.equal(of('../lib.git', ssh), 'ssh://git@git.example.com/team/lib.git');
  assert.equal(of('git@git.example.com:team/lib.git', ssh), 'ssh://git@git.example.com/team/lib.git');
  for (const bad of ['ext::sh -c id', '--upload-pack=id', '/etc', 'http://10.0.0.1/x.git'])
    assert.equal(of(bad), 'source_refused');
});

test('a deploy key is for submodules on the same host by ssh, and for nothing else', () => {
  const project = 'ssh://git@git.example.com/team/site.git';
  assert.ok(sameOrigin('ssh://git@git.example.com/team/lib.git', project));
  for (const other of [
    'ssh://git@github.com/team/lib.git',
    'ssh://git@git.example.com:2222/team/lib.git',
    'https://git.example.com/team/lib.git',
  ])
    assert.ok(!sameOrigin(other, project), other);
});

test('a build sees as much history as the project requests, on its branch, and with the tags', async () => {
  home.commit((dir) => {
    fresh(dir);
    writeFileSync(join(dir, 'page.md'), 'one');
  });
  home.git('tag', '-a', 'v1.2.0', '-m', 'release');
  home.git('push', '-q', home.paths.repository(home.project), 'v1.2.0');
  const when = home.git('log', '-1', '--format=%cI', '--', 'page.md');
  const sha = commit({ 'index.html': 'two' });
  const total = home.git('rev-list', '--count', 'HEAD');
  const buildCommand =
    'mkdir -p out && { git describe --tags --always; git rev-list --count HEAD; git log -1 --format=%cI -- page.md; git rev-parse --abbrev-ref HEAD; git status --porcelain --untracked-files=no; } > out/index.html 2>&1';
  const of = async (gitDepth: number | undefined, request: Partial<BuildRequest> = {}): Promise<readonly string[]> => {
    const result = await home.build(sha, {
      settings: {
        framework: 'static',
        buildCommand,
        outputDirectory: 'out',
        ...(gitDepth === undefined ? {} : { gitDepth }),
      },
      ...request,
    });
    assert.ok(result.ok, JSON.stringify(result));
    return ((await served(result.value.artifact, '/index.html')) ?? '').trim().split('\n');
  };
  const [short = '', count, , branch] = await of(undefined);
  assert.ok(sha.startsWith(short) && count === '1' && branch === 'main', `${short} ${count} ${branch}`);
  for (const request of [{}, external()])
    assert.deepEqual(await of(0, request), [`v1.2.0-1-g${sha.slice(0, 7)}`, total, when, 'main']);
  assert.deepEqual((await of(2)).slice(0, 2), [`v1.2.0-1-g${sha.slice(0, 7)}`, '2']);
});

test('a history that git of 2010 wrote is fetched with a warning, and one that aims at a checkout is refused', async () => {
  const repo = home.paths.repository(home.project);
  const run = (input: Buffer | string, ...args: string[]): string =>
    execFileSync('git', args, { cwd: repo, encoding: 'utf8', input }).trim();
  const blob = run('page', 'hash-object', '-w', '--stdin');
  const inner = run(`100644 blob ${blob}\tx\n`, 'mktree');
  const tree = (...entries: readonly (readonly [string, string])[]): string =>
    run(
      Buffer.concat(entries.flatMap(([name, id]) => [Buffer.from(`${name}\0`), Buffer.from(id, 'hex')])),
      'hash-object',
      '-t',
      'tree',
      '-w',
      '--literally',
      '--stdin',
    );
  const make = (id: string): CommitSha =>
    run(
      `tree ${id}\nauthor A <a@b.c> 1200000000 +0000\ncommitter A <a@b.c> 1200000000 +0000\n\nx\n`,
      'hash-object',
      '-t',
      'commit',
      '-w',
      '--stdin',
    ) as CommitSha;
  const old = make(tree(['040000 dir', inner], ['100644 index.html', blob]));
  for (const request of [{}, external()]) {
    const result = await home.build(old, request);
    assert.ok(result.ok, JSON.stringify(result));
    assert.match(result.observed.log, /zeroPaddedFilemode \(1\)\. They were accepted/);
  }
  const hostile = await home.build(make(tree(['40000 .git', inner], ['100644 index.html', blob])), external());
  assert.ok(!hostile.ok);
  assert.match(hostile.error.message, /an object that is not safe to check out/);
});
