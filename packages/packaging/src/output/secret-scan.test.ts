import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secretsToScan, encodingsOf } from './secret-scan.ts';

const found = (secret: string, file: string): boolean => encodingsOf(secret).some((form) => file.includes(form));

test('a secret is found however scripts, JSON, pages and addresses write it', () => {
  const secret = `postgres://u:p<"'>@db/app?ssl=on&pool=5`;
  const inScript = JSON.stringify({ secret }).replace(
    /[&<>]/g,
    (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`,
  );
  const files = {
    text: `const url = \`${secret}\``,
    json: JSON.stringify({ secret }),
    'data in a page': `<script>${inScript}</script>`,
    'payload in a page': `self.__next_f.push([1,${JSON.stringify(inScript)}])`,
    React: '<p>postgres://u:p&lt;&quot;&#x27;&gt;@db/app?ssl=on&amp;pool=5</p>',
    'other templates': '<p>postgres://u:p&lt;&quot;&#39;&gt;@db/app?ssl=on&amp;pool=5</p>',
    'text of a page': `<p>postgres://u:p&lt;"'&gt;@db/app?ssl=on&amp;pool=5</p>`,
    address: `https://example.com/?to=${encodeURIComponent(secret)}`,
  };
  for (const [name, file] of Object.entries(files)) assert.ok(found(secret, file), name);
});

test('space around a secret hides it from nothing, and most secrets have one form', () => {
  assert.ok(found('a-token-of-mine\n', 'key="a-token-of-mine"'));
  assert.deepEqual(encodingsOf('a-token-of-mine'), ['a-token-of-mine']);
  assert.ok(encodingsOf('half \ud800 a letter').length > 0);
});

test('the user of the git credentials may stand in a page, the token may not, wherever it is put', () => {
  const guarded = (credentials: string, variables: Readonly<Record<string, string>> = {}) =>
    secretsToScan(
      [credentials, ...credentials.split(':').filter((part) => part.length >= 8)],
      variables,
      credentials,
    ).map(({ value }) => value);
  assert.deepEqual(guarded('shop-company:token-of-git'), ['shop-company:token-of-git', 'token-of-git']);
  assert.deepEqual(guarded('token-of-git:'), ['token-of-git:', 'token-of-git']);
  assert.deepEqual(guarded('token-of-git'), ['token-of-git']);
  assert.deepEqual(guarded('token-of-git:x-oauth-basic'), ['token-of-git:x-oauth-basic', 'token-of-git']);
  assert.deepEqual(guarded('shop-company:token-of-git', { TENANT: 'shop-company' }), [
    'shop-company:token-of-git',
    'shop-company',
    'token-of-git',
  ]);
});
