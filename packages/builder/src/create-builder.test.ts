import { strict as assert } from 'node:assert';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { BuildRequest } from '@anchor/core/ports/build-runner.ts';
import { openHome, type Home } from '../../../e2e/builder.ts';

let home: Home;
before(async () => { home = await openHome({ limits: { diskMb: 1024, memoryMb: 512, processes: 200, outputMb: 4 } }); });
after(() => home.close());

type Files = Readonly<Record<string, string>>;
const write = (files: Files) => (dir: string): void => {
  for (const name of ['index.html', 'package.json', 'server.js', 'public', 'node_modules', 'build.sh', 'package-lock.json', 'lib', 'apps', 'dist', '.nvmrc', 'data']) rmSync(join(dir, name), { recursive: true, force: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(dir, name, '..'), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
};
const pkg = (scripts: Record<string, string>, rest: object = {}): string => JSON.stringify({ name: 'app', version: '1.0.0', private: true, scripts, ...rest });
const build = (files: Files, request: Partial<BuildRequest> = {}) => home.build(home.commit(write(files)), request);
const web = async (files: Files, request: Partial<BuildRequest> = {}) => {
  const result = await build(files, request);
  assert.ok(result.ok, result.ok ? '' : `${result.error.code}: ${result.error.message} ${result.error.cause ?? ''}\n${result.told.log}`);
  return { component: (await home.manifest(result.value.artifact)).components['web']!, told: result.told, artifact: result.value.artifact };
};
const failure = async (files: Files, request: Partial<BuildRequest> = {}) => {
  const result = await build(files, request);
  assert.ok(!result.ok, `built although it should not:\n${result.told.log}`);
  return { ...result.error, told: result.told };
};

test('a folder with index.html becomes a static site with precompressed files', async () => {
  const { component, told } = await web({ 'index.html': '<p>hello</p>'.repeat(300), 'lib/a.txt': 'a' });
  assert.equal(component.framework.name, 'static');
  assert.deepEqual(Object.keys(component.files).sort(), ['/index.html', '/lib/a.txt']);
  assert.ok((component.files['/index.html']?.br?.size ?? 9999) < 200);
  assert.equal(component.files['/lib/a.txt']?.br, undefined);
  assert.deepEqual(told.steps, ['fetch', 'install', 'build', 'package']);
});

test('a single-page application falls back to its index.html', async () => {
  const { component } = await web({ 'package.json': pkg({ build: 'mkdir -p dist && echo app > dist/index.html' }) }, { settings: { framework: 'spa' } });
  assert.equal(component.fallback, '/index.html');
  assert.equal(component.framework.name, 'spa');
});

test('the same content gives the same artifact', async () => {
  const files = { 'index.html': 'same' };
  assert.equal((await web(files)).artifact, (await web(files)).artifact);
});

test('a build that writes dist with an index.html becomes a site; variables arrive with every character intact', async () => {
  const value = 'a#b $HOME !x \'q\' "d" \\ \n second line\t é';
  const script = 'require("fs").mkdirSync("dist/assets",{recursive:true});require("fs").writeFileSync("dist/index.html",JSON.stringify([process.env.ODD,process.env.CI,process.env.NODE_ENV??null,require("os").userInfo().uid]));require("fs").writeFileSync("dist/assets/app-B3x9Kq2z.js","1")';
  const { component } = await web({ 'package.json': pkg({ build: 'node make.cjs' }, { devDependencies: {} }), 'lib/x': '', 'make.cjs': script }, { variables: { ODD: value, NEXT_ADAPTER_PATH: '/evil', LD_PRELOAD: '/evil.so' } });
  const [odd, ci, nodeEnv, uid] = JSON.parse(await home.text(component.files['/index.html']!.blob)) as [string, string, string | null, number];
  assert.deepEqual([odd, ci, nodeEnv], [value, '1', null]);
  assert.notEqual(uid, 0);
  assert.equal(component.files['/assets/app-B3x9Kq2z.js']?.immutable, true);
});

test('a server keeps its files and its start command, and no more of its dependencies than it uses', async () => {
  const { component } = await web({
    'package.json': pkg({ start: 'node server.js' }), 'server.js': 'require("./lib/a.js")', 'lib/a.js': 'module.exports = 1', 'data/view.html': '<p>',
  });
  assert.deepEqual(component.function?.argv, ['node', 'server.js']);
  assert.match(component.function?.node ?? '', /^26\./);
  const paths = (await home.tree(component.function!.tree)).entries.map((entry) => entry.path);
  for (const path of ['server.js', 'lib/a.js', 'data/view.html', 'package.json']) assert.ok(paths.includes(path), path);
  assert.ok(!paths.some((path) => path.startsWith('.git/')));
});

test('a start script that needs a shell becomes a script of the tree', async () => {
  const { component } = await web({ 'package.json': pkg({ start: 'node server.js --port $PORT' }), 'server.js': '' });
  assert.deepEqual(component.function?.argv, ['.anchor/start.sh']);
  const entry = (await home.tree(component.function!.tree)).entries.find(({ path }) => path === '.anchor/start.sh');
  assert.ok(entry !== undefined && 'blob' in entry && entry.executable === true);
  assert.equal(await home.text(entry.blob), '#!/bin/sh\nnode server.js --port $PORT\n');
});

test('a project keeps the Node major that it got by default, the log says how to move, and what names a version wins', async () => {
  const files = { 'package.json': pkg({ start: 'node server.js' }), 'server.js': '' };
  const kept = await web(files, { keptNode: '24' });
  assert.match(kept.component.function?.node ?? '', /^24\./);
  assert.match(kept.told.log, /Node 24\.\S+ \(as an earlier deployment; .*"26\.x"/);
  const built = async (of: Files, request: Partial<BuildRequest>): Promise<readonly [string | undefined, string | undefined]> => {
    const result = await build(of, request);
    assert.ok(result.ok);
    return [result.value.defaultNode, (await home.manifest(result.value.artifact)).components['web']?.function?.node.split('.')[0]];
  };
  assert.deepEqual(await built(files, { keptNode: '24' }), ['24', '24']);
  assert.deepEqual(await built(files, {}), ['26', '26']);
  assert.deepEqual(await built(files, { keptNode: '18' }), ['26', '26'], 'what is not supported any more is not kept');
  assert.deepEqual(await built({ ...files, '.nvmrc': '22' }, { keptNode: '24' }), [undefined, '22']);
});

test('the Node version comes from .nvmrc; what is not supported is refused with the list', async () => {
  const { component } = await web({ '.nvmrc': 'v22\n', 'package.json': pkg({ start: 'node server.js' }), 'server.js': '' });
  assert.match(component.function?.node ?? '', /^22\./);
  const error = await failure({ '.nvmrc': '18', 'package.json': pkg({ start: 'node server.js' }), 'server.js': '' });
  assert.equal(error.code, 'unsupported');
  assert.match(error.fix, /20.*26/);
});

test('a failing build says why, with the last lines and without secrets', async () => {
  const error = await failure({ 'package.json': pkg({ build: 'node -e "console.error(\'Type error: nope s3cr3t-value-9\'); process.exit(3)"' }) }, { secrets: ['s3cr3t-value-9'] });
  assert.equal(error.code, 'build_failed');
  assert.match(error.message, /exit code 3/);
  assert.match(error.cause ?? '', /Type error: nope \[secret\]/);
});

test('nothing to build is said before anything runs', async () => {
  assert.equal((await failure({ 'lib/readme.txt': '' })).code, 'detect_failed');
});

test('a build without output says where it looked', async () => {
  const error = await failure({ 'package.json': pkg({ build: 'true' }) });
  assert.equal(error.code, 'output_missing');
  assert.match(error.cause ?? '', /dist, out, build/);
});

test('a lock file that does not match is explained', async () => {
  const lock = JSON.stringify({ name: 'app', version: '1.0.0', lockfileVersion: 3, packages: { '': { name: 'app', version: '1.0.0' } } });
  const error = await failure({ 'package.json': pkg({ build: 'true' }, { dependencies: { ms: '2.1.3' } }), 'package-lock.json': lock });
  assert.equal(error.code, 'install_failed');
  assert.match(error.fix, /lock file does not match/);
});

const LOCKED: Files = {
  'package.json': pkg({ build: 'mkdir -p dist && node -p "require(\'ms\')(\'2 days\')" > dist/index.html' }, { dependencies: { ms: '2.1.3' } }),
  'package-lock.json': JSON.stringify({ name: 'app', version: '1.0.0', lockfileVersion: 3, requires: true, packages: { '': { name: 'app', version: '1.0.0', dependencies: { ms: '2.1.3' } }, 'node_modules/ms': { version: '2.1.3', resolved: 'https://registry.npmjs.org/ms/-/ms-2.1.3.tgz', integrity: 'sha512-6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA==' } } }),
};

test('the second build with the same lock file skips the install, and another scope copies without harming the first', async () => {
  const first = await web(LOCKED);
  assert.match(first.told.log, /\$ npm ci/);
  assert.equal(await home.text(first.component.files['/index.html']!.blob), '172800000\n');
  const second = await web(LOCKED);
  assert.match(second.told.log, /Dependencies unchanged/);
  assert.doesNotMatch(second.told.log, /\$ npm ci/);
  const fork = await web(LOCKED, { cache: { scope: 'fork', fallback: 'production', write: false }, settings: { buildCommand: 'echo "module.exports=()=>666" > node_modules/ms/index.js && mkdir -p dist && echo bad > dist/index.html; echo bad > /cache/poison' } });
  assert.match(fork.told.log, /Dependencies unchanged/);
  const third = await web(LOCKED);
  assert.match(third.told.log, /Dependencies unchanged/);
  assert.equal(await home.text(third.component.files['/index.html']!.blob), '172800000\n');
  const looked = await web({ 'package.json': pkg({ build: 'mkdir -p dist && ls /cache > dist/index.html' }), 'package-lock.json': JSON.stringify({ name: 'app', version: '1.0.0', lockfileVersion: 3, packages: { '': { name: 'app', version: '1.0.0' } } }) });
  assert.doesNotMatch(await home.text(looked.component.files['/index.html']!.blob), /poison/);
});

test('a changed lock file installs again', async () => {
  const changed = JSON.parse(LOCKED['package-lock.json']!) as { packages: Record<string, object> };
  const { told } = await web({ ...LOCKED, 'package-lock.json': JSON.stringify(changed, null, 1) });
  assert.match(told.log, /\$ npm ci/);
});

test('a build that hangs is stopped at the time limit', async () => {
  const quick = await openHome({ limits: { minutes: 0.05, diskMb: 256 } });
  try {
    const result = await quick.build(quick.commit(write({ 'package.json': pkg({ build: 'sleep 600' }), 'lib/a': '' })), { settings: { installCommand: '' } });
    assert.ok(!result.ok);
    assert.equal(result.error.code, 'build_timeout');
  } finally {
    await quick.close();
  }
});

test('a canceled build ends at once, as canceled', async () => {
  const cancel = new AbortController();
  const commit = home.commit(write({ 'package.json': pkg({ build: 'sleep 600' }) }));
  const result = await home.build(commit, { settings: { buildCommand: 'echo it-runs-now; sleep 600' } }, cancel.signal, (chunk) => { if (/^it-runs-now/m.test(chunk)) cancel.abort(); });
  assert.ok(!result.ok);
  assert.equal(result.error.code, 'canceled');
});

test('a build that takes all memory is stopped and told so', async () => {
  const error = await failure({ 'package.json': pkg({ build: 'node --max-old-space-size=8000 hog.js' }), 'hog.js': 'const all=[];for(;;)all.push(Buffer.alloc(16<<20,1))' });
  assert.equal(error.code, 'build_out_of_memory');
});

test('a build that fills its disk is told so, and the next one builds', async () => {
  const error = await failure({ 'package.json': pkg({ build: 'head -c 3000000000 /dev/zero > big' }) });
  assert.equal(error.code, 'build_out_of_disk');
  await web({ 'index.html': 'fine again' });
});

test('folders nested too deep to delete do not stop the next build', async () => {
  await web({ 'package.json': pkg({ build: 'mkdir -p dist && echo x > dist/index.html && node deep.js' }), 'deep.js': 'for(let i=0;i<3000;i++){require("fs").mkdirSync("ddd");process.chdir("ddd")}' });
  await home.builder.idle();
  await web({ 'index.html': 'still fine' });
});

test('folders that links multiply without end are refused', async () => {
  const error = await failure({ 'package.json': pkg({ build: 'mkdir -p dist/a && echo x > dist/index.html && for i in 1 2 3; do ln -s ../b dist/a/$i; done; mkdir dist/b; for i in 1 2 3; do ln -s ../a dist/b/$i; done' }) });
  assert.equal(error.code, 'output_refused');
});

test('a fork bomb is stopped and told so', async () => {
  const error = await failure({ 'package.json': pkg({ build: 'node bomb.js' }), 'bomb.js': 'const {spawn}=require("child_process");let n=0;for(let i=0;i<400;i++)spawn("sleep",["60"]).on("error",()=>{n++;});setTimeout(()=>process.exit(1),1500)' });
  assert.equal(error.code, 'build_too_many_processes');
});

test('a gigabyte of output is cut with a note and not kept in memory', async () => {
  const before = process.memoryUsage().rss;
  const { told } = await web({ 'package.json': pkg({ build: 'yes 0123456789012345678901234567890123456789 | head -c 1000000000; mkdir -p dist; echo ok > dist/index.html' }) });
  assert.ok(told.bytes > 3 * 1048576 && told.bytes < 5 * 1048576, `${told.bytes} bytes passed on`);
  assert.ok(process.memoryUsage().rss - before < 300 * 1048576);
});

test('a build sees neither the machine’s files and ports nor other projects', async () => {
  const server = createServer((socket) => socket.end('secret'));
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const probe = `
    const fs=require("fs"),net=require("net");const out={};
    const list=(p)=>{try{return fs.readdirSync(p).length}catch(e){return e.code}};
    const read=(p)=>{try{return fs.readFileSync(p,"utf8").length}catch(e){return e.code}};
    out.data=list(${JSON.stringify(home.dir)});out.root=list("/root");out.work=list("/work");out.shadow=read("/etc/shadow");out.env=Object.keys(process.env).filter((k)=>/CREDENTIAL|HOSTSECRET/.test(k));
    out.procs=fs.readdirSync("/proc").filter((n)=>/^[0-9]+$/.test(n)).length;
    const tries=["127.0.0.1","169.254.169.254","10.0.0.1",...Object.values(require("os").networkInterfaces()).flat().map((a)=>a.address)];
    let left=tries.length;for(const host of tries){const s=net.connect({host,port:${port},timeout:1500},()=>done("open"));const done=(r)=>{if(s.done)return;s.done=1;s.destroy();(out.ports??=[]).push(r);if(--left===0){fs.mkdirSync("dist");fs.writeFileSync("dist/index.html",JSON.stringify(out))}};s.on("error",(e)=>done(e.code));s.on("timeout",()=>done("timeout"));}`;
  try {
    const { component } = await web({ 'package.json': pkg({ build: 'node probe.js' }), 'probe.js': probe });
    const seen = JSON.parse(await home.text(component.files['/index.html']!.blob)) as { data: unknown; root: unknown; work: unknown; shadow: unknown; procs: number; ports: string[] };
    assert.deepEqual([seen.data, seen.root, seen.work], ['ENOENT', 'ENOENT', 'ENOENT']);
    assert.equal(seen.shadow, 'ENOENT');
    assert.ok(seen.procs < 20, `sees ${seen.procs} processes`);
    assert.ok(!seen.ports.includes('open'), seen.ports.join());
  } finally {
    server.close();
  }
});

test('links in the output that leave the project refuse it, and are harmless elsewhere', async () => {
  const refused = await failure({ 'package.json': pkg({ build: 'mkdir -p dist && echo x > dist/index.html && ln -s /etc/passwd dist/leak.txt' }) });
  assert.equal(refused.code, 'output_refused');
  const fine = await web({ 'package.json': pkg({ build: 'mkdir -p dist && echo x > dist/index.html && ln -s index.html dist/also.html && ln -s /etc/passwd elsewhere' }) });
  assert.deepEqual(Object.keys(fine.component.files).sort(), ['/also.html', '/index.html']);
  const special = await failure({ 'package.json': pkg({ build: 'mkdir -p dist && echo x > dist/index.html && mkfifo dist/pipe' }) });
  assert.equal(special.code, 'output_refused');
});

test('a committed link is not followed out of the tree, nor is the root directory', async () => {
  const commit = home.commit((dir) => { write({ 'index.html': 'x' })(dir); symlinkSync('/etc', join(dir, 'apps')); });
  const result = await home.build(commit, { settings: { rootDirectory: 'apps' } });
  assert.ok(!result.ok && result.error.code === 'detect_failed');
  const outside = await home.build(commit, { settings: { rootDirectory: '../..' } });
  assert.ok(!outside.ok && outside.error.code === 'detect_failed');
});

test('a secret in a file that browsers get fails the build, which names the variable and the file and never the value', async () => {
  const lines = 'first line of a key\nsecond line';
  const error = await failure({ 'index.html': 'key=very-secret-value-1', 'app.js': `const key = ${JSON.stringify(lines)};` }, { secrets: ['very-secret-value-1', lines], variables: { PAYMENT_KEY: 'very-secret-value-1', PEM: lines } });
  assert.equal(error.code, 'output_refused');
  assert.match(error.message, /The secret (PAYMENT_KEY|PEM) would be sent to browsers/);
  assert.match(error.cause ?? '', /PAYMENT_KEY is in \/index\.html/);
  assert.match(error.cause ?? '', /PEM is in \/app\.js/);
  assert.match(error.fix, /NEXT_PUBLIC_.*--plain/);
  assert.doesNotMatch(JSON.stringify(error), /very-secret-value-1|second line/);
  // What the build was not given, but a function would be, is found too.
  assert.match((await failure({ 'index.html': 'run-only-secret' }, { secrets: ['run-only-secret'] })).message, /a secret that the build was not given/);
});

test('what a public name says is for browsers may be there, and so may ordinary words', async () => {
  const { told } = await web({ 'index.html': 'https://api.example.com/v1 production shop-key-123' }, {
    secrets: ['https://api.example.com/v1', 'production', 'shop-key-123', 'short'], variables: { NEXT_PUBLIC_API: 'https://api.example.com/v1', STAGE: 'production', VITE_KEY: 'shop-key-123', PIN: 'short' },
  });
  assert.doesNotMatch(told.log, /secret/);
});

test('an unknown commit is told as such', async () => {
  const result = await home.build('0123456789012345678901234567890123456789' as never);
  assert.ok(!result.ok);
  assert.equal(result.error.code, 'source_unreachable');
});
