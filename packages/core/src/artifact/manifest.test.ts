import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blobsOf, functionsOf, manifestSchema, storedManifestSchema, webOf, type Manifest } from './manifest.ts';

const hash = (digit: number): string => String(digit).repeat(64);

/** As version 1 has been written since the first artifacts: what is stored has to be read for ever. */
const STORED = `{"version":1,"components":{"web":{"kind":"web","framework":{"name":"nextjs","version":"16.2.0","buildId":"b1"},
"basePath":"/docs","trailingSlash":true,"compress":false,"assetPrefix":"/cdn","imagePath":"/docs/_next/image","builtAt":1764547200000,
"notFound":"/docs/404.html","routing":{"beforeMiddleware":[],"middlewareMatchers":[],"beforeFiles":[{"sourceRegex":"^/a$","destination":"/b","has":[{"type":"host","value":"x"}]}],"onMatch":[]},
"checks":[{"path":"/docs/","prerendered":true}],
"function":{"kind":"next","tree":"${hash(1)}","cwd":"","entry":"function.json","node":"24.12.0"},
"files":{"/docs/404.html":{"blob":"${hash(2)}","size":3,"br":{"blob":"${hash(3)}","size":2},"type":"text/html"}},
"prerenders":{"/docs":{"blob":"${hash(4)}","size":5,"gzip":{"blob":"${hash(5)}","size":4},"status":200,"headers":{"content-type":"text/html"},"revalidate":60,"tags":["a"],"group":1,"bypass":[[{"type":"cookie","key":"__prerender_bypass"}]],"bypassToken":"t","partial":true,"postponed":{"blob":"${hash(6)}","size":9}}}}}}`;

test('a stored manifest of version 1 is parsed whole, with nothing lost', () => {
  const json: unknown = JSON.parse(STORED);
  for (const schema of [manifestSchema, storedManifestSchema]) assert.deepEqual(schema.parse(json), json);
});

test('a manifest names its blobs, its functions and the component that serves its hosts', () => {
  const manifest = storedManifestSchema.parse(JSON.parse(STORED));
  assert.deepEqual([...blobsOf(manifest)], [2, 3, 4, 5, 6].map(hash));
  assert.deepEqual(
    functionsOf(manifest).map(({ tree }) => tree),
    [hash(1)],
  );
  assert.equal(webOf(manifest)?.basePath, '/docs');
});

test('a component of an unknown kind is refused by its kind, and a name like a prototype is no component', () => {
  const later = manifestSchema.safeParse({ version: 1, components: { api: { kind: 'container' } } });
  assert.deepEqual(later.error?.issues[0]?.path, ['components', 'api', 'kind']);
  for (const components of ['{}', '{"__proto__":{}}', '{"api":{"kind":"web"}}'])
    assert.equal(webOf(JSON.parse(`{"version":1,"components":${components}}`) as Manifest), undefined);
});
