import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Pattern } from '@anchor/edge/routing/pattern.ts';
import { siteRules } from './site-rules.ts';
import { readVercelJson } from './vercel-json.ts';

async function read(t: TestContext, text: string) {
  const root = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  await mkdir(join(root, 'site'));
  await writeFile(join(root, 'site', 'vercel.json'), text);
  assert.deepEqual(await readVercelJson(root, ''), { ok: true, value: undefined });
  return readVercelJson(root, 'site');
}

test('vercel.json of the folder of the project is read, with keys that are not of static sites', async (t) => {
  const config = await read(
    t,
    '\uFEFF{"cleanUrls":true,"functions":{"a":1},"rewrites":[{"source":"/(.*)","destination":"/index.html"}]}',
  );
  assert.ok(config.ok);
  assert.deepEqual(config.value, { cleanUrls: true, rewrites: [{ source: '/(.*)', destination: '/index.html' }] });
});

for (const [text, cause] of [
  ['{', /JSON/],
  ['[]', /expected object/],
  [`{"cleanUrls":true,"x":"${'y'.repeat(520 << 10)}"}`, /larger than 512 KiB/],
  ['{"redirects":[{"source":"old","destination":"/new"}]}', /redirects/],
  ['{"redirects":[{"source":"/old","destination":"/new","statusCode":200}]}', /statusCode/],
  ['{"rewrites":[{"source":"/a","destination":"/b","has":[{"type":"ip","value":"1"}]}]}', /has/],
  [`{"headers":[${Array.from({ length: 2_049 }, () => '{"source":"/","headers":[]}').join()}]}`, /2048/],
] as const)
  test(`vercel.json with ${text.slice(0, 60)} fails with its cause`, async (t) => {
    const config = await read(t, text);
    assert.ok(!config.ok);
    assert.match(config.error.cause ?? '', cause);
    assert.match(config.error.message, /^vercel\.json cannot be used$/);
  });

for (const source of ['/a(', '/:', '/a(?=b)', '/:x(a)(b)*'])
  test(`a rule whose path is ${source} is named when it cannot be used`, () => {
    const rules = siteRules({ redirects: [{ source, destination: '/b' }] });
    assert.ok(!rules.ok);
    assert.equal(rules.error.message, `The rule of vercel.json for ${source} cannot be used`);
    assert.notEqual(rules.error.cause, undefined);
  });

test('header values that no response can hold are refused', () => {
  const rules = siteRules({ headers: [{ source: '/', headers: [{ key: 'x-a', value: 'a\r\nx-b: c' }] }] });
  assert.ok(!rules.ok);
});

test('a rewrite to another server is left out and named, and the others stay', () => {
  const rules = siteRules({
    rewrites: [
      { source: '/api/(.*)', destination: 'https://api.example.com/$1' },
      { source: '/(.*)', destination: '/index.html' },
    ],
  });
  assert.ok(rules.ok);
  assert.deepEqual(
    rules.value.routing.withoutFile?.map(({ destination }) => destination),
    ['/index.html'],
  );
  assert.match(rules.value.notes.join(), /rewrite of \/api\/\(\.\*\) to https:\/\/api\.example\.com\/\$1 is left out/);
});

test('every expression that it makes is one that the edge evaluates', () => {
  const sources = [
    '/:a',
    '/:a?',
    '/:a*',
    '/:a+',
    '/x/:a(\\d{1,3})',
    '/(.*)',
    '/:a-:b',
    '/:a.html',
    '/((?!api/).*)',
    '/é/:a',
  ];
  for (const trailingSlash of [true, false]) {
    const rules = siteRules({
      cleanUrls: true,
      trailingSlash,
      redirects: sources.map((source) => ({ source, destination: '/b/:a' })),
    });
    assert.ok(rules.ok, rules.ok ? '' : rules.error.message);
    for (const { sourceRegex } of rules.value.routing.beforeMiddleware)
      new Pattern(sourceRegex, 'i').exec('/a-b.html', { left: 1_000_000 });
  }
});
