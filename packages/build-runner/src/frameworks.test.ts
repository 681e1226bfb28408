import { strict as assert } from 'node:assert';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import type { BuildRequest } from '@anchor/core/ports/build-runner.ts';
import { openHome, type Home } from '../../../e2e/builder.ts';

let home: Home;
before(async () => {
  home = await openHome({ limits: { diskMb: 4096 } });
});
after(() => home.close());

type Files = Readonly<Record<string, string>>;
const LAYOUT = 'export default function Layout({ children }) { return <html><body>{children}</body></html>; }';
const nextApp = (
  version: string,
  page = 'export default function Page() { return <h1>{process.env.NEXT_PUBLIC_GREETING}</h1>; }',
): Files => ({
  'package.json': JSON.stringify({
    name: 'web',
    private: true,
    scripts: { build: 'next build', start: 'next start' },
    dependencies: { next: version, react: '19.1.0', 'react-dom': '19.1.0' },
  }),
  'app/layout.jsx': LAYOUT,
  'app/page.jsx': page,
  'app/now/page.jsx':
    'export const dynamic = "force-dynamic"; export default function Page() { return <p>{Date.now()}</p>; }',
  'app/api/route.js':
    'export const dynamic = "force-dynamic"; export const GET = () => Response.json({ now: Date.now() });',
  'public/robots.txt': 'User-agent: *',
});

async function web(files: Files, request: Partial<BuildRequest> = {}) {
  const commit = home.commit((dir) => {
    for (const name of readdirSync(dir)) if (name !== '.git') rmSync(join(dir, name), { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, name)), { recursive: true });
      writeFileSync(join(dir, name), text);
    }
  });
  const result = await home.build(commit, request);
  assert.ok(result.ok, `${JSON.stringify(result)}\n${result.observed.log}`);
  return { component: (await home.manifest(result.value.artifact)).components['web']!, observed: result.observed };
}
const pathsOf = async (tree: string): Promise<readonly string[]> =>
  (await home.tree(tree)).entries.map(({ path }) => path);

test('a Next.js 16 app in a workspace becomes a function, prerenders and hashed files, with its neighbour package', async () => {
  const app = nextApp(
    '16.4.6',
    'import { greeting } from "lib"; export default function Page() { return <h1>{greeting}</h1>; }',
  );
  const { component, observed } = await web(
    {
      'package.json': JSON.stringify({ name: 'mono', private: true, workspaces: ['apps/*', 'packages/*'] }),
      'packages/lib/package.json': JSON.stringify({ name: 'lib', version: '1.0.0', main: 'index.js' }),
      'packages/lib/index.js': 'exports.greeting = "from a neighbour"',
      ...Object.fromEntries(
        Object.entries(app).map(([name, text]) => [`apps/web/${name}`, text.replace('"react":', '"lib":"*","react":')]),
      ),
    },
    { settings: { rootDirectory: 'apps/web' }, variables: { ANCHOR_DEPLOYMENT_ID: 'dpl_0123456789abcdefghij' } },
  );
  assert.match(observed.log, /no lock file/);
  assert.equal(component.framework.name, 'nextjs');
  assert.equal(component.function?.kind, 'next');
  assert.equal(component.function?.cwd, 'apps/web');
  const page = component.prerenders['/'];
  assert.ok(page !== undefined && (await home.text(page.blob)).includes('from a neighbour'));
  assert.ok(component.files['/robots.txt'] !== undefined);
  assert.ok(Object.values(component.files).some((file) => file.immutable === true && file.br !== undefined));
  assert.ok((await pathsOf(component.function!.tree)).includes('apps/web/.next/BUILD_ID'));
});

test('the cache of the production branch helps a preview, which cannot write it', async () => {
  const files = { ...nextApp('16.4.6'), '.npmrc': 'fund=false' };
  const first = await web(files, { cache: { scope: 'main' }, variables: { NEXT_PUBLIC_GREETING: 'one' } });
  assert.match(first.observed.log, /No build cache found/);
  const preview = await web(files, {
    cache: { scope: 'preview', fallback: 'main' },
    variables: { NEXT_PUBLIC_GREETING: 'two' },
  });
  assert.doesNotMatch(preview.observed.log, /No build cache found/);
  assert.ok((await home.text(preview.component.prerenders['/']!.blob)).includes('two'));
  const rebuilt = await web(files, { cache: { scope: 'main' }, variables: { NEXT_PUBLIC_GREETING: 'one' } });
  assert.doesNotMatch(rebuilt.observed.log, /No build cache found/);
  assert.ok((await home.text(rebuilt.component.prerenders['/']!.blob)).includes('one'));
});

test('an exported Next.js app is a static site', async () => {
  const { 'app/now/page.jsx': _now, 'app/api/route.js': _api, ...files } = nextApp('16.4.6');
  const { component } = await web({ ...files, 'next.config.mjs': 'export default { output: "export" }' });
  assert.equal(component.function, undefined);
  assert.ok(component.files['/index.html'] !== undefined);
  assert.equal(component.notFound, '/404.html');
});

test('a Next.js 15 app becomes a traced server with its hashed files for the edge', async () => {
  const { component } = await web({ ...nextApp('15.5.4'), 'next.config.mjs': 'export default { basePath: "/shop" }' });
  assert.deepEqual(component.function?.argv, ['node', 'server.js']);
  assert.equal(component.framework.version, '15.5.4');
  const files = Object.entries(component.files);
  assert.deepEqual(
    files.map(([path]) => path).filter((path) => !path.startsWith('/shop/_next/static/')),
    ['/shop/robots.txt'],
  );
  assert.ok(files.some(([, file]) => file.immutable === true));
  assert.equal(component.basePath, '/shop');
  assert.ok(
    component.prerenders['/shop'] !== undefined && component.prerenders['/shop.rsc'] !== undefined,
    Object.keys(component.prerenders).join(),
  );
  assert.equal(component.prerenders['/shop/now'], undefined);
  const tree = await pathsOf(component.function!.tree);
  for (const path of ['server.js', '.next/BUILD_ID', 'public/robots.txt', 'node_modules/next/package.json'])
    assert.ok(tree.includes(path), path);
  assert.ok(tree.some((path) => path.startsWith('.next/static/')));
});

test('a server brings the packages that it uses, whole, and leaves the others', async () => {
  const { component } = await web({
    'package.json': JSON.stringify({
      name: 'api',
      private: true,
      scripts: { start: 'node server.mjs' },
      dependencies: { ms: '2.1.3' },
      devDependencies: { picocolors: '1.1.1' },
    }),
    'server.mjs':
      'import ms from "ms"; import { createServer } from "node:http"; createServer((_, r) => r.end(String(ms("1s")))).listen(process.env.PORT);',
  });
  const tree = await pathsOf(component.function!.tree);
  for (const path of [
    'server.mjs',
    'node_modules/ms/index.js',
    'node_modules/ms/package.json',
    'node_modules/ms/license.md',
  ])
    assert.ok(tree.includes(path), path);
  assert.ok(!tree.some((path) => path.includes('picocolors')));
});

test('a framework that builds for the host that it finds is not shown another one, unless the project names it', async () => {
  const files = {
    'package.json': JSON.stringify({
      name: 'site',
      private: true,
      scripts: { build: 'node build.mjs' },
      dependencies: { nuxt: 'file:nuxt' },
    }),
    'nuxt/package.json': JSON.stringify({ name: 'nuxt', version: '4.0.0' }),
    'build.mjs':
      'import { mkdirSync, writeFileSync } from "node:fs"; const to = process.env.VERCEL_ENV === undefined ? ".output" : "dist"; mkdirSync(`${to}/server`, { recursive: true }); writeFileSync(`${to}/server/index.mjs`, ""); writeFileSync(`${to}/index.html`, "");',
  };
  const { component, observed } = await web(files, { variables: { VERCEL_ENV: 'production' } });
  assert.deepEqual(component.function?.argv, ['node', '.output/server/index.mjs']);
  assert.match(observed.log, /Serving node: the build left \.output\/server\/index\.mjs \(Nuxt\)/);
  assert.equal(
    (await web(files, { variables: { VERCEL_ENV: 'production', VERCEL: '1' } })).component.function,
    undefined,
  );
});
