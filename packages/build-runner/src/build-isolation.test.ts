import { strict as assert } from 'node:assert';
import { symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageJson, useBuilder, writeFiles } from '../../../e2e/use-builder.ts';

const { failure, home, web } = useBuilder();

test('folders that links multiply without end are refused', async () => {
  const error = await failure({
    'package.json': packageJson({
      build:
        'mkdir -p dist/a && echo x > dist/index.html && for i in 1 2 3; do ln -s ../b dist/a/$i; done; mkdir dist/b; for i in 1 2 3; do ln -s ../a dist/b/$i; done',
    }),
  });
  assert.equal(error.code, 'output_refused');
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
    out.data=list(${JSON.stringify(home().dir)});out.root=list("/root");out.work=list("/work");out.shadow=read("/etc/shadow");out.env=Object.keys(process.env).filter((k)=>/CREDENTIAL|HOSTSECRET/.test(k));
    out.procs=fs.readdirSync("/proc").filter((n)=>/^[0-9]+$/.test(n)).length;
    const tries=["127.0.0.1","169.254.169.254","10.0.0.1",...Object.values(require("os").networkInterfaces()).flat().map((a)=>a.address)];
    let left=tries.length;for(const host of tries){const s=net.connect({host,port:${port},timeout:1500},()=>done("open"));const done=(r)=>{if(s.done)return;s.done=1;s.destroy();(out.ports??=[]).push(r);if(--left===0){fs.mkdirSync("dist");fs.writeFileSync("dist/index.html",JSON.stringify(out))}};s.on("error",(e)=>done(e.code));s.on("timeout",()=>done("timeout"));}`;
  try {
    const { component } = await web({ 'package.json': packageJson({ build: 'node probe.js' }), 'probe.js': probe });
    const seen = JSON.parse(await home().text(component.files['/index.html']!.blob)) as {
      data: unknown;
      root: unknown;
      work: unknown;
      shadow: unknown;
      procs: number;
      ports: string[];
    };
    assert.deepEqual([seen.data, seen.root, seen.work], ['ENOENT', 'ENOENT', 'ENOENT']);
    assert.equal(seen.shadow, 'ENOENT');
    assert.ok(seen.procs < 20, `sees ${seen.procs} processes`);
    assert.ok(!seen.ports.includes('open'), seen.ports.join());
  } finally {
    server.close();
  }
});

test('links in the output that leave the project refuse it, and are harmless elsewhere', async () => {
  const refused = await failure({
    'package.json': packageJson({
      build: 'mkdir -p dist && echo x > dist/index.html && ln -s /etc/passwd dist/leak.txt',
    }),
  });
  assert.equal(refused.code, 'output_refused');
  const fine = await web({
    'package.json': packageJson({
      build:
        'mkdir -p dist && echo x > dist/index.html && ln -s index.html dist/also.html && ln -s /etc/passwd elsewhere',
    }),
  });
  assert.deepEqual(Object.keys(fine.component.files).sort(), ['/also.html', '/index.html']);
  const special = await failure({
    'package.json': packageJson({ build: 'mkdir -p dist && echo x > dist/index.html && mkfifo dist/pipe' }),
  });
  assert.equal(special.code, 'output_refused');
});

test('a committed link is not followed out of the tree, nor is the root directory', async () => {
  const commit = home().commit((dir) => {
    writeFiles({ 'index.html': 'x' })(dir);
    symlinkSync('/etc', join(dir, 'apps'));
  });
  const result = await home().build(commit, { settings: { rootDirectory: 'apps' } });
  assert.ok(!result.ok && result.error.code === 'detect_failed');
  const outside = await home().build(commit, { settings: { rootDirectory: '../..' } });
  assert.ok(!outside.ok && outside.error.code === 'detect_failed');
});

test('a secret in a file that browsers get fails the build, which names the variable and the file and never the value', async () => {
  const lines = 'first line of a key\nsecond line';
  const error = await failure(
    { 'index.html': 'key=very-secret-value-1', 'app.js': `const key = ${JSON.stringify(lines)};` },
    { secrets: ['very-secret-value-1', lines], variables: { PAYMENT_KEY: 'very-secret-value-1', PEM: lines } },
  );
  assert.equal(error.code, 'output_refused');
  assert.match(error.message, /The secret (PAYMENT_KEY|PEM) would be sent to browsers/);
  assert.match(error.cause ?? '', /PAYMENT_KEY is in \/index\.html/);
  assert.match(error.cause ?? '', /PEM is in \/app\.js/);
  assert.match(error.fix, /NEXT_PUBLIC_.*--plain/);
  assert.doesNotMatch(JSON.stringify(error), /very-secret-value-1|second line/);
  // A variable that the build did not get, but a function would, is found too.
  assert.match(
    (await failure({ 'index.html': 'run-only-secret' }, { secrets: ['run-only-secret'] })).message,
    /a secret that the build was not given/,
  );
});

test('values of public names may be in files for browsers, and so may ordinary words', async () => {
  const { observed } = await web(
    { 'index.html': 'https://api.example.com/v1 production shop-key-123' },
    {
      secrets: ['https://api.example.com/v1', 'production', 'shop-key-123', 'short'],
      variables: {
        NEXT_PUBLIC_API: 'https://api.example.com/v1',
        STAGE: 'production',
        VITE_KEY: 'shop-key-123',
        PIN: 'short',
      },
    },
  );
  assert.doesNotMatch(observed.log, /secret/);
});

test('the log does not reveal whether a file is stored already, which may be another project’s', async () => {
  const files = { 'index.html': `<p>${Math.random()}` };
  const line = (log: string): string | undefined => log.split('\n').find((text) => / files, .* MB/.test(text));
  const [first, rebuilt] = [await web(files), await web(files)];
  assert.ok(line(first.observed.log) !== undefined);
  assert.equal(line(first.observed.log), line(rebuilt.observed.log));
});
