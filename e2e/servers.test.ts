/**
 * Node and Bun servers in common forms: small ones without dependencies, each deployed for real and requested through
 * the edge.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createProject, logOf, newest } from './helpers.ts';
import { eventually, startPlatform, type Platform } from './platform.ts';
import { createRepository } from './repository.ts';

type Files = Readonly<Record<string, string>>;
type Row = Readonly<{
  what: string;
  files: Files;
  scripts?: Record<string, string>;
  pkg?: Record<string, unknown>;
  body?: RegExp;
  path?: string;
}>;

const SERVER =
  'import { createServer } from "node:http"; createServer((q, s) => s.end(`ok ${process.env.MODE ?? ""} ${process.versions.bun === undefined ? "node" : "bun"}`)).listen(process.env.PORT);';
const node = (scripts: Record<string, string>, files: Files = {}, rest: Partial<Row> = {}): Omit<Row, 'what'> => ({
  scripts,
  files: { 'server.mjs': SERVER, ...files },
  ...rest,
});

const ROWS: readonly Row[] = [
  {
    what: 'a script that calls another manager’s script',
    ...node({ start: 'pnpm run serve', serve: 'node server.mjs' }, {}, { pkg: { packageManager: 'pnpm@10.12.4' } }),
  },
  {
    what: 'a migration before the server',
    ...node({ start: 'npm run migrate && node server.mjs', migrate: 'node -e "console.log(\'migrated\')"' }),
  },
  {
    what: 'a shell script that calls yarn',
    ...node(
      { start: 'sh start.sh', serve: 'MODE=shell node server.mjs' },
      { 'start.sh': 'set -e\nyarn serve\n' },
      { body: /^ok shell node/ },
    ),
  },
  {
    what: 'cross-env, which is not installed and not needed',
    ...node({ start: 'cross-env MODE=env node server.mjs' }, {}, { body: /^ok env node/ }),
  },
  { what: 'pm2-runtime, the same', ...node({ start: 'pm2-runtime server.mjs' }) },
  { what: 'an env file that is not committed', ...node({ start: 'node --env-file=.env server.mjs' }) },
  {
    what: 'a directory with a main',
    files: {
      'package.json': JSON.stringify({ name: 'a', private: true, main: 'lib', scripts: { start: 'node .' } }),
      'lib/index.js': 'require("http").createServer((q, s) => s.end("ok main")).listen(process.env.PORT)',
    },
    body: /^ok main/,
  },
  { what: 'an entry without its extension that Node would not find', ...node({ start: 'node ./server' }) },
  {
    what: 'no start script, but a main',
    files: { 'package.json': JSON.stringify({ name: 'a', private: true, main: 'server.mjs' }), 'server.mjs': SERVER },
  },
  {
    what: 'a Procfile',
    files: {
      'package.json': JSON.stringify({ name: 'a', private: true }),
      Procfile: 'web: MODE=proc node bin/www.mjs\n',
      'bin/www.mjs': SERVER,
    },
    body: /^ok proc node/,
  },
  {
    what: 'TypeScript without a build',
    ...node(
      { start: 'node server.ts' },
      { 'server.ts': `const mode: string = "ts"; process.env.MODE = mode; ${SERVER}` },
      { body: /^ok ts node/ },
    ),
  },
  {
    what: '{ path: false, port }',
    ...node(
      { start: 'node server.mjs' },
      {
        'server.mjs':
          'import { createServer } from "node:http"; createServer((q, s) => s.end("ok path")).listen({ path: false, host: "0.0.0.0", port: process.env.PORT ?? "3000" });',
      },
    ),
  },
  {
    what: 'a fixed port',
    ...node({ start: 'node server.mjs' }, { 'server.mjs': SERVER.replace('process.env.PORT', '8080') }),
  },
  {
    what: 'port 80',
    ...node({ start: 'node server.mjs' }, { 'server.mjs': SERVER.replace('process.env.PORT', '80') }),
  },
  {
    what: 'Bun.serve',
    files: {
      'package.json': JSON.stringify({
        name: 'a',
        private: true,
        packageManager: 'bun@1.2.2',
        scripts: { start: 'bun run server.ts' },
      }),
      'server.ts': 'Bun.serve({ port: process.env.PORT, fetch: () => new Response("ok bun " + Bun.version) });',
    },
    body: /^ok bun 1\.2\.2/,
  },
  {
    what: 'a Bun module that exports a handler, started by a script of bun',
    files: {
      'package.json': JSON.stringify({
        name: 'a',
        private: true,
        packageManager: 'bun@1.2.2',
        scripts: { start: 'bun run serve', serve: 'bun --hot src/index.ts' },
      }),
      'src/index.ts':
        'export default { port: process.env.PORT, fetch: (q: Request) => new Response("ok export " + new URL(q.url).pathname) };',
    },
    body: /^ok export \/$/,
  },
  {
    what: 'node:http on Bun',
    files: {
      'package.json': JSON.stringify({
        name: 'a',
        private: true,
        packageManager: 'bun@1.2.2',
        scripts: { start: 'bun server.mjs' },
      }),
      'server.mjs': SERVER,
    },
    body: /^ok {2}bun/,
  },
  {
    what: 'the output of Nitro, whatever built it',
    files: {
      'package.json': JSON.stringify({
        name: 'a',
        private: true,
        scripts: { build: 'sh build.sh' },
        devDependencies: {},
      }),
      'build.sh':
        'mkdir -p .output/server .output/public && echo "{}" > .output/nitro.json && cp server.mjs .output/server/index.mjs',
      'server.mjs': SERVER,
    },
  },
  {
    what: 'a fetch handler that the build of TanStack Start leaves',
    body: /^ok handler server-\d+\.localhost/,
    files: {
      'package.json': JSON.stringify({
        name: 'a',
        private: true,
        type: 'module',
        scripts: { build: 'sh build.sh', preview: 'vite preview' },
        dependencies: { '@tanstack/react-start': 'file:start' },
      }),
      'start/package.json': '{ "name": "@tanstack/react-start", "version": "1.0.0" }',
      'build.sh':
        'mkdir -p dist/server dist/client/assets && cp handler.mjs dist/server/server.js && echo 1 > dist/client/assets/app-B3x9Kq2z.js',
      'handler.mjs': 'export default { fetch: (request) => new Response("ok handler " + new URL(request.url).host) };',
    },
  },
  {
    what: 'a site that its build made for a base path, below that path',
    body: /^one/,
    path: '/app/assets/index-B3x9Kq2z.js',
    files: {
      'package.json': JSON.stringify({
        name: 'a',
        private: true,
        scripts: {
          build: 'mkdir -p dist/assets && cp site.html dist/index.html && echo one > dist/assets/index-B3x9Kq2z.js',
        },
        devDependencies: { vite: 'file:vite' },
      }),
      'vite/package.json': '{ "name": "vite", "version": "7.0.0" }',
      'site.html': '<!doctype html><script type="module" src="/app/assets/index-B3x9Kq2z.js"></script>',
    },
  },
  {
    what: 'a server of SvelteKit with a base path, which has nothing at /',
    body: /^ok shop/,
    path: '/shop',
    files: {
      'package.json': JSON.stringify({
        name: 'a',
        private: true,
        type: 'module',
        scripts: { build: 'sh build.sh' },
        devDependencies: { '@sveltejs/kit': 'file:kit', '@sveltejs/adapter-node': 'file:adapter' },
      }),
      'kit/package.json': '{ "name": "@sveltejs/kit", "version": "2.0.0" }',
      'adapter/package.json': '{ "name": "@sveltejs/adapter-node", "version": "5.0.0" }',
      'build.sh':
        'mkdir -p build/client/shop/_app/immutable && cp server.js build/index.js && echo 1 > build/client/shop/_app/immutable/a.B3x9Kq2z.js',
      'server.js':
        "import { createServer } from 'node:http'; createServer((q, s) => { s.statusCode = q.url.startsWith('/shop') ? 200 : 404; s.end('ok shop'); }).listen({ path: false, port: process.env.PORT });",
    },
  },
  {
    what: 'a server whose code only looks as if it had a base path',
    body: /^ok root/,
    files: {
      'package.json': JSON.stringify({
        name: 'a',
        private: true,
        type: 'module',
        scripts: { build: 'mkdir -p dist/server dist/client && cp server.js dist/server/entry.mjs' },
        dependencies: { astro: 'file:astro', '@astrojs/node': 'file:adapter' },
      }),
      'astro/package.json': '{ "name": "astro", "version": "6.0.0" }',
      'adapter/package.json': '{ "name": "@astrojs/node", "version": "9.0.0" }',
      'server.js': `import { createServer } from 'node:http'; const other = '"base":"/docs","trailingSlash"'; createServer((q, s) => { s.statusCode = q.url === '/' ? 200 : 404; s.end('ok root'); }).listen(process.env.PORT);`,
    },
  },
];

/**
 * Sends requests to itself by each of its names with `fetch`, `node:http` and a child process; by `localhost` also with
 * a program without the preload.
 */
const SELF = `
  import { execFile } from 'node:child_process';
  import { createServer, get } from 'node:http';
  const byFetch = async (url) => (await fetch(url, { signal: AbortSignal.timeout(5_000) })).text();
  const byHttp = (url) => new Promise((resolve, reject) => get(url, { timeout: 5_000 }, (incoming) => incoming.setEncoding('utf8').on('data', resolve)).on('error', reject));
  const run = (code, env) => new Promise((resolve) => execFile(process.execPath, ['-e', code], { env, timeout: 10_000 }, (error, out, err) => resolve(out.trim() || String(err || error))));
  const byChild = (url) => run('fetch(' + JSON.stringify(url) + ').then((r) => r.text()).then(console.log)', process.env);
  const byPlain = (url) => run('require("http").get(' + JSON.stringify(url) + ', (a) => a.setEncoding("utf8").on("data", console.log))', { PATH: process.env.PATH });
  const attempt = async (how, url) => { try { return await how(url); } catch (error) { return String(error.cause ?? error); } };
  createServer(async (request, response) => {
    if (request.url === '/x') return response.end('own');
    const names = { localhost: 'http://localhost:' + process.env.PORT, address: process.env.ANCHOR_URL, production: process.env.ANCHOR_PRODUCTION_URL, host: 'http://' + request.headers.host };
    const lines = Object.entries(names).flatMap(([name, url]) => Object.entries({ byFetch, byHttp, byChild, ...(name === 'localhost' ? { byPlain } : {}) }).map(async ([how, by]) => name + ' ' + how + ': ' + await attempt(by, url + '/x')));
    response.end((await Promise.all(lines)).join('\\n'));
  }).listen(process.env.PORT);
`;

let platform: Platform;
before(async () => {
  platform = await startPlatform();
});
after(() => platform.stop());

describe('servers go live as they are', { concurrency: 2 }, () => {
  ROWS.forEach(({ what, files, scripts, pkg = {}, body = /^ok/, path = '/' }, i) => {
    test(what, async () => {
      const name = `server-${i}`;
      await createProject(platform, name);
      const repository = await createRepository();
      try {
        await repository.commit({
          ...(scripts === undefined
            ? {}
            : { 'package.json': JSON.stringify({ name: 'a', private: true, scripts, ...pkg }) }),
          ...files,
        });
        const pushed = await repository.push(platform, name);
        assert.match(pushed.output, /Live at/, pushed.output);
        const response = await platform.request(`${name}.localhost`, path);
        assert.equal(response.status, 200, response.body);
        assert.match(response.body, body);
      } finally {
        await repository.remove();
      }
    });
  });
});

test('an app reaches itself by every name that it has, and so do its child processes', async () => {
  await createProject(platform, 'self');
  const repository = await createRepository();
  try {
    await repository.commit({
      'package.json': JSON.stringify({ name: 'a', private: true, scripts: { start: 'node server.mjs' } }),
      'server.mjs': SELF,
    });
    const pushed = await repository.push(platform, 'self');
    assert.match(pushed.output, /Live at/, pushed.output);
    const { body } = await platform.request('self.localhost', '/ask');
    const lines = body.split('\n');
    assert.equal(lines.length, 13, body);
    assert.deepEqual(
      lines.filter((line) => !line.endsWith(': own')),
      [],
    );
  } finally {
    await repository.remove();
  }
});

test('a server of its own around Next.js runs as it is', async () => {
  await createProject(platform, 'around');
  const repository = await createRepository();
  try {
    await repository.commit({
      'package.json': JSON.stringify({
        name: 'a',
        private: true,
        scripts: { build: 'next build', start: 'NODE_ENV=production node server.js' },
        dependencies: { next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1' },
      }),
      'server.js': `
        const { createServer } = require('node:http');
        const app = require('next')({ dev: process.env.NODE_ENV !== 'production' });
        app.prepare().then(() => createServer((request, response) => {
          if (request.url === '/own') return response.end('own route');
          response.setHeader('x-around', 'yes');
          return app.getRequestHandler()(request, response);
        }).listen(process.env.PORT));
      `,
      'pages/index.js':
        'export default ({ host }) => <p>{`page of ${host}`}</p>; export const getServerSideProps = ({ req }) => ({ props: { host: req.headers.host.split(":")[0] } });',
      'pages/kept.js':
        'export default ({ made }) => <p>{`made=${made}`}</p>; export const getStaticProps = () => ({ props: { made: Date.now() }, revalidate: 1 });',
      'public/plain.txt': 'a public file',
    });
    const pushed = await repository.push(platform, 'around');
    assert.match(pushed.output, /server\.js runs Next\.js inside a server of its own[\s\S]*Live at/, pushed.output);
    const get = (path: string) => platform.request('around.localhost', path);
    assert.equal((await get('/own')).body, 'own route');
    const page = await get('/');
    assert.match(page.body, /page of around\.localhost/);
    assert.equal(page.headers['x-around'], 'yes');
    assert.equal((await get('/plain.txt')).body, 'a public file');
    const script = /src="(\/_next\/static\/[^"]+\.js)"/.exec(page.body)?.[1] ?? assert.fail(page.body);
    assert.equal((await get(script)).status, 200);
    const madeAt = async (): Promise<string> => /made=(\d+)/.exec((await get('/kept')).body)?.[1] ?? '';
    const first = await madeAt();
    await eventually(
      async () => (await madeAt()) !== first,
      20_000,
      () => 'the page was never revalidated',
    );
    assert.doesNotMatch(await logOf(platform, (await newest(platform, 'around')).id, 'run'), /EROFS|Failed to/);
  } finally {
    await repository.remove();
  }
});

test('a fixed port is named in the run log', async () => {
  const { id } = await newest(platform, `server-${ROWS.findIndex(({ what }) => what === 'a fixed port')}`);
  assert.match(await logOf(platform, id, 'run'), /It listens on 8080, not on \$PORT \(3000\)/);
});

const REFUSED: readonly Readonly<{ what: string; files: Files; says: RegExp }>[] = [
  {
    what: 'a program that nothing brings',
    files: {
      'package.json': JSON.stringify({ name: 'a', private: true, scripts: { start: 'gunicorn-for-node app' } }),
    },
    says: /The start command needs "gunicorn-for-node", which is not installed[\s\S]*anchor projects update/,
  },
  {
    what: 'an entry that the build does not write',
    files: { 'package.json': JSON.stringify({ name: 'a', private: true, scripts: { start: 'node dist/server' } }) },
    says: /"dist\/server" does not exist after the build/,
  },
  {
    what: 'SvelteKit without an adapter',
    files: {
      'package.json': JSON.stringify({
        name: 'a',
        private: true,
        scripts: { build: 'mkdir -p .svelte-kit' },
        devDependencies: { '@sveltejs/kit': 'file:kit' },
      }),
      'kit/package.json': '{ "name": "@sveltejs/kit", "version": "1.0.0" }',
    },
    says: /The build of SvelteKit left neither a server nor files[\s\S]*npm install -D @sveltejs\/adapter-node/,
  },
];
describe('what cannot be started fails with what to do', { concurrency: 2 }, () => {
  REFUSED.forEach(({ what, files, says }, i) => {
    test(what, async () => {
      await createProject(platform, `refused-${i}`);
      const repository = await createRepository();
      try {
        await repository.commit(files);
        const pushed = await repository.push(platform, `refused-${i}`);
        assert.match(pushed.output.replaceAll('remote: ', ''), says);
      } finally {
        await repository.remove();
      }
    });
  });
});
