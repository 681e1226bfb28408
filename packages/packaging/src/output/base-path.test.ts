import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { basePathOfPage, basePathOfServer } from './base-path.ts';

const PAGES: readonly (readonly [what: string, html: string, files: readonly string[], base: string])[] = [
  [
    'Vite',
    '<script type="module" crossorigin src="/app/assets/index-Bx1.js"></script>',
    ['/assets/index-Bx1.js'],
    '/app',
  ],
  ['two folders', '<link rel="stylesheet" href="/a/b/assets/index.css">', ['/assets/index.css'], '/a/b'],
  [
    'Docusaurus',
    '<link rel="icon" href="/docs/img/favicon.ico"><script src="/docs/assets/js/main.1.js" defer></script>',
    ['/img/favicon.ico', '/assets/js/main.1.js'],
    '/docs',
  ],
  ['without quotes', '<script src=/app/main.js></script>', ['/main.js'], '/app'],
  ['Angular', '<base href="/shop/"><script src="main-X1.js"></script>', ['/main-X1.js'], '/shop'],
  ['no base', '<script src="/assets/index.js"></script>', ['/assets/index.js'], ''],
  ['Angular without', '<base href="/">', [], ''],
  ['a file of another site below a path', '<script src="/shared/menu.js"></script>', ['/index.html'], ''],
  ['both', '<script src="/app/a.js"></script><script src="/b.js"></script>', ['/a.js', '/b.js'], ''],
  ['two bases', '<script src="/x/a.js"></script><script src="/y/b.js"></script>', ['/a.js', '/b.js'], ''],
  [
    'another host',
    '<script src="//cdn.example/app/a.js"></script><script src="https://cdn.example/app/a.js">',
    ['/a.js', '/app/a.js'],
    '',
  ],
  ['a path that leads elsewhere', '<base href="/../x/">', [], ''],
  ['a link to a page', '<a href="/app/about.html">', ['/about.html'], ''],
];
for (const [what, html, files, base] of PAGES)
  test(`the base path of a page: ${what}`, () => {
    assert.equal(
      basePathOfPage(html, (url) => files.includes(url)),
      base,
    );
  });

test('any text is read in linear time, and gives a path or none', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('<base ', '<script ', 'href="', '/a', '/..', '"', ' ', '>', '.js', '//')),
      (parts) => {
        assert.match(
          basePathOfPage(parts.join(''), () => true),
          /^(?:|\/[\w./~-]+)$/,
        );
      },
    ),
  );
  const long = '<script '.repeat(200_000);
  assert.equal(
    basePathOfPage(long, () => true),
    '',
  );
});

const SERVERS: readonly (readonly [
  what: string,
  assets: string | undefined,
  files: Readonly<Record<string, string>>,
  base: string,
])[] = [
  ['SvelteKit', 'build/client', { 'build/index.js': '', 'build/client/shop/_app/immutable/a.js': '' }, '/shop'],
  ['SvelteKit without', 'build/client', { 'build/index.js': '', 'build/client/_app/immutable/a.js': '' }, ''],
  [
    'Nuxt',
    undefined,
    {
      'build/index.js': '',
      'build/chunks/nitro.mjs':
        'const _inlineRuntimeConfig = {\n  "app": {\n    "baseURL": "/shop/",\n    "buildId": "1"',
    },
    '/shop',
  ],
  ['Nuxt without', undefined, { 'build/index.js': '', 'build/chunks/nitro.mjs': '"app": {\n    "baseURL": "/",' }, ''],
  [
    'Astro',
    undefined,
    {
      'build/index.js': '',
      'build/manifest_x.mjs':
        'deserializeManifest({"routes":[],"site":"https://a","base":"/docs","trailingSlash":"ignore"})',
    },
    '/docs',
  ],
  ['React Router', undefined, { 'build/index.js': 'const basename = "/app/";\nconst publicPath = "/";' }, '/app'],
  ['any other', undefined, { 'build/index.js': 'app.listen(3000)' }, ''],
];
for (const [what, assets, files, base] of SERVERS)
  test(`the base path of a server: ${what}`, async (t) => {
    const root = await mkdtemp(join(tmpdir(), 'anchor-test-'));
    t.after(() => rm(root, { recursive: true, force: true }));
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, 'web', name)), { recursive: true });
      await writeFile(join(root, 'web', name), text);
    }
    const built = { entry: 'build/index.js', ...(assets === undefined ? {} : { assets }) };
    assert.equal(await basePathOfServer(root, 'web', built), base);
  });
