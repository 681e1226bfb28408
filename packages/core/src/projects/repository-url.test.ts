import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { isPrivateHost, parseRepositoryUrl } from './repository-url.ts';

const accepted = (text: string, allowHosts: readonly string[] = []) => {
  const result = parseRepositoryUrl(text, { allowHosts });
  assert.ok(result.ok, `${text}: ${result.ok ? '' : result.error.cause}`);
  return result.value;
};

test('https, http, ssh and git@host:path addresses are accepted', () => {
  assert.deepEqual(accepted('https://github.com/acme/shop.git'), {
    url: 'https://github.com/acme/shop.git',
    transport: 'https',
    host: 'github.com',
  });
  assert.deepEqual(accepted('http://git.example.com:8080/a/b'), {
    url: 'http://git.example.com:8080/a/b',
    transport: 'http',
    host: 'git.example.com',
  });
  assert.deepEqual(accepted('ssh://git@git.example.com:2222/a/b.git'), {
    url: 'ssh://git@git.example.com:2222/a/b.git',
    transport: 'ssh',
    host: 'git.example.com',
  });
  assert.deepEqual(accepted('git@github.com:acme/shop.git'), {
    url: 'ssh://git@github.com/acme/shop.git',
    transport: 'ssh',
    host: 'github.com',
  });
  assert.equal(accepted('HTTPS://GitHub.com/acme/shop').host, 'github.com');
  assert.equal(accepted('https://github.com/acme/my%20shop').url, 'https://github.com/acme/my%20shop');
});

test('credentials are split out of the address, decoded', () => {
  const value = accepted('https://me%40corp:p%2Fw%23@git.example.com/a.git');
  assert.equal(value.url, 'https://git.example.com/a.git');
  assert.equal(value.credentials, 'me@corp:p/w#');
  assert.equal(accepted('https://ghp_token@github.com/a/b').credentials, 'ghp_token:');
});

test('a refusal never repeats the credentials', () => {
  const result = parseRepositoryUrl('ftp://user:hunter2secret@example.com/a');
  assert.ok(!result.ok && !JSON.stringify(result.error).includes('hunter2secret'));
});

for (const text of [
  '',
  '-',
  '--upload-pack=touch /tmp/x',
  '-oProxyCommand=x',
  'ext::sh -c id',
  'ext::id',
  'fd::17',
  'file:///etc/passwd',
  'FILE:///etc',
  '/etc/passwd',
  './repo',
  '../repo',
  'C:\\repo',
  'ftp://example.com/a',
  'git://example.com/a',
  'https://',
  'https:///a',
  'https://github.com/',
  'https://github.com',
  'https://github.com/a\nb',
  'https://github.com/a b',
  'https://github.com/a\u0000',
  'https://github.com/a?x=1',
  'https://github.com/a#b',
  'ssh://-oProxyCommand=x/a',
  'ssh://-x@host.example/a',
  'git@-oProxyCommand=x:a',
  '-git@host.example:a',
  'git@host.example:-a',
  'git@host.example:',
  'git@host.example:../../a',
  'ssh://a:b@host.example/a',
  'ext::git@host.example:a',
  'https+ext://host.example/a',
  'transport::https://host.example/a',
  'https://host.example/%2e%2e/%2e%2e',
  'https://host.example/a%0ab',
  'https://host.example/-x',
  'https://user%0a:x@host.example/a',
  'githost:path',
]) {
  test(`${JSON.stringify(text)} is refused`, () => {
    const result = parseRepositoryUrl(text);
    assert.ok(!result.ok);
    assert.equal(result.error.code, 'source_refused');
  });
}

for (const host of [
  'localhost',
  'api.localhost',
  'printer.local',
  'metadata.google.internal',
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0x7f.1',
  '0177.0.0.1',
  '0.0.0.0',
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '[::1]',
  '[::]',
  '[fe80::1]',
  '[fd00::1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:a9fe:a9fe]',
  '[2002:7f00:1::]',
  '[64:ff9b::7f00:1]',
]) {
  test(`the private host ${host} is refused unless it is allowed`, () => {
    const result = parseRepositoryUrl(`https://${host}/a/b`);
    assert.ok(!result.ok);
    assert.equal(result.error.code, 'source_refused');
    assert.equal(accepted(`https://${host}/a/b`, [new URL(`https://${host}`).hostname]).transport, 'https');
  });
}

test('a public name is not private', () => {
  assert.equal(isPrivateHost('github.com'), false);
});

test('a private address is refused in the form of scp too', () => {
  for (const address of ['git@127.1:a/b', 'git@10.0.0.1:a/b', 'git@0x7f.1:a/b']) {
    const result = parseRepositoryUrl(address);
    assert.ok(!result.ok && result.error.code === 'source_refused', address);
  }
});

test('whatever is accepted is safe as an argument of git and holds no credentials', () => {
  const pieces = fc
    .array(
      fc.constantFrom(
        'https://',
        'ssh://',
        'git@',
        'ext::',
        'file://',
        '-',
        '--',
        'a',
        'host.example',
        '/',
        ':',
        '@',
        '..',
        '%2e',
        '%0a',
        '\n',
        ' ',
        '?',
        '#',
        '[::1]',
        '127.0.0.1',
        'user',
        '\u0000',
        'é',
        '\\',
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(pieces, fc.string({ unit: 'binary' }), fc.webUrl()), (text) => {
      const result = parseRepositoryUrl(text);
      if (!result.ok) return result.error.code === 'source_refused';
      const { url, host } = result.value;
      assert.match(url, /^(https|http|ssh):\/\/[\x21-\x7e]+$/);
      assert.ok(!isPrivateHost(host));
      assert.ok(!url.includes('::') || url.includes('['));
      const parsed = new URL(url);
      assert.equal(parsed.password, '');
      if (parsed.protocol !== 'ssh:') assert.equal(parsed.username, '');
      return true;
    }),
    { numRuns: 3000 },
  );
});

test('parsing a parsed address gives the same address again', () => {
  fc.assert(
    fc.property(fc.webUrl({ validSchemes: ['https', 'http'] }), (text) => {
      const first = parseRepositoryUrl(text);
      if (first.ok) assert.deepEqual(accepted(first.value.url), first.value);
    }),
  );
});
