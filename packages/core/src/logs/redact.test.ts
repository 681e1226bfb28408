import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createRedactor, namedSecrets, type Secret } from './redact.ts';

const run = (secrets: readonly string[], chunks: readonly string[]): string => {
  const redactor = createRedactor(secrets);
  return chunks.map((chunk) => redactor.push(chunk)).join('') + redactor.flush();
};

test('a secret is removed however the stream is cut into chunks', () => {
  const secret = fc
    .string({ minLength: 8, maxLength: 24, unit: fc.constantFrom(...'abcdefghijkXYZ0123456789!#$ %'.split('')) })
    .filter((text) => text.trim().length >= 8);
  fc.assert(
    fc.property(
      secret,
      fc.string(),
      fc.string(),
      fc.array(fc.nat(80), { maxLength: 8 }),
      (value, before, after, cuts) => {
        const text = `${before}${value}${after}${value}`;
        const points = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
        const chunks = points.slice(1).map((point, i) => text.slice(points[i], point));
        assert.ok(!run([value], chunks).includes(value));
      },
    ),
  );
});

test('text without secrets passes unchanged and whole', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n', ' ') })), (chunks) =>
      assert.equal(run(['zzzz-secret'], chunks), chunks.join('')),
    ),
  );
});

test('base64 of a secret is removed at every alignment', () => {
  const secret = 'p@ss#word!-very-long';
  for (const prefix of ['', 'a', 'ab', 'abc', 'user:']) {
    const encoded = Buffer.from(`${prefix}${secret}`).toString('base64');
    const shown = run([secret], [encoded.slice(0, 7), encoded.slice(7)]);
    assert.ok(shown.includes('•••'), `${prefix}: ${shown}`);
    assert.ok(!Buffer.from(shown, 'base64').toString('latin1').includes('ss#word'));
  }
});

test('URL-encoded and JSON-escaped forms are removed too', () => {
  const secret = 'pa ss"w\nord&1';
  assert.ok(!run([secret], [`https://x/?q=${encodeURIComponent(secret)}`]).includes('%22w'));
  assert.ok(!run([secret], [JSON.stringify({ secret })]).includes('w\\nord'));
});

test('a long line of a multi-line secret is removed by itself', () => {
  const key = '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\n-----END KEY-----';
  assert.ok(!run([key], ['got MIIEvQIBADANBgkqhkiG\n']).includes('MIIEvQ'));
});

test('a megabyte of text that starts like a secret on every line is redacted in little time', () => {
  const secret = `${'a'.repeat(60)}b`;
  const shown = run(
    [secret],
    Array.from({ length: 1_000 }, () => `${'a'.repeat(1_000)}\n`),
  );
  assert.equal(shown.length, 1_001_000);
});

test('a secret that starts like another is removed whole, cut anywhere', () => {
  for (let cut = 0; cut <= 16; cut++)
    assert.equal(
      run(['abcdefgh', 'abcdefghijklmnop'], ['abcdefghijklmnop'.slice(0, cut), 'abcdefghijklmnop'.slice(cut)]),
      '•••',
    );
  assert.equal(run(['abababab'], ['xababab', 'ab', 'y']), 'x•••y');
});

test('values of the largest size, and as many as an environment holds, are removed: no pattern becomes too large', () => {
  const long = Array.from({ length: 4096 }, (_, i) => `${(i * 7919) % 10_007}-key`)
    .join('')
    .slice(0, 32 * 1024);
  const many = Array.from({ length: 1000 }, (_, i) => `${'common start '.repeat(20)}${i} end`);
  const redactor = createRedactor([long, ...many]);
  let shown = redactor.push('before ');
  for (let at = 0; at < long.length; at += 777) shown += redactor.push(long.slice(at, at + 777));
  shown += redactor.push(` between ${many[7]} after`) + redactor.flush();
  assert.ok(shown.startsWith('before •••') && shown.endsWith(' after'), shown.slice(0, 80));
  assert.doesNotMatch(shown, /-key|common start/);
});

test('no secret and no text makes redacting slow for the others on the machine', () => {
  const hostile = [
    `${'a'.repeat(30_000)}b${'a'.repeat(30_000)}`,
    ...Array.from({ length: 500 }, (_, i) => `${'a'.repeat(i + 4)}x`),
  ];
  const redactor = createRedactor(hostile);
  const startedAt = performance.now();
  for (let i = 0; i < 4; i++) redactor.push(`${'a'.repeat(64 * 1024)}c`);
  assert.ok(performance.now() - startedAt < 3_000, `${performance.now() - startedAt} ms for 256 KB`);
});

test('short and common values are removed where they stand as the value of their variable, and nowhere else', () => {
  const variables = {
    NODE_ENV: 'production',
    DEBUG: 'true',
    DB_PORT: '3000',
    DB_HOST: 'localhost',
    LEVEL: 'info',
    PIN: '4711',
    REGION: 'eu-central-1',
    ZONE: 'Europe/Berlin',
    DB_USER: 'postgres',
  };
  const secrets = namedSecrets(Object.values(variables), variables);
  const plain =
    'vite building for production... http://localhost:3000/ is true; [info] 4711 files of postgres in eu-central-1, Europe/Berlin';
  assert.equal(redactWhole(plain, secrets), plain);
  for (const [name, value] of Object.entries(variables)) {
    for (const [before, after] of [
      [`${name}=`, ''],
      [`${name}="`, '"'],
      [`${name}: '`, "',"],
      [`{"${name}":"`, '"}'],
      [`  "${name}": "`, '",'],
      [`export ${name}='`, "'"],
      [`${name}: `, ''],
      [`{\\"${name}\\":\\"`, '\\"}'],
    ] as const) {
      assert.equal(redactWhole(`${before}${value}${after}`, secrets), `${before}•••${after}`);
    }
  }
});

test('what the platform itself sets stays to be read, though a secret has the same value', () => {
  const secrets = namedSecrets(['production'], { NODE_ENV: 'production', ANCHOR_ENV: 'production' });
  assert.equal(redactWhole('ANCHOR_ENV=production NODE_ENV=production', secrets), 'ANCHOR_ENV=production NODE_ENV=•••');
});

test('a value of 8 characters and more is removed everywhere, also when its variable is named before it', () => {
  const variables = { API_KEY: 'k3y-0f-8x', WORDS: 'correct horse', LONG_PIN: '12345678' };
  const secrets = namedSecrets(Object.values(variables), variables);
  assert.equal(
    redactWhole('k3y-0f-8x API_KEY=k3y-0f-8x a correct horse 12345678', secrets),
    '••• API_KEY=••• a ••• •••',
  );
  assert.ok(!redactWhole(btoa('x k3y-0f-8x y'), secrets).includes(btoa('k3y-0f-8x').slice(2, 8)));
});

test('a short value is found however the stream is cut', () => {
  const secrets = namedSecrets(['true'], { DEBUG: 'true' });
  const text = 'it is true that DEBUG=true and DEBUG_ALL=true';
  for (let cut = 0; cut <= text.length; cut++) {
    const redactor = createRedactor(secrets);
    assert.equal(
      redactor.push(text.slice(0, cut)) + redactor.push(text.slice(cut)) + redactor.flush(),
      'it is true that DEBUG=••• and DEBUG_ALL=true',
    );
  }
});

function redactWhole(text: string, secrets: readonly Secret[]): string {
  const redactor = createRedactor(secrets);
  return redactor.push(text) + redactor.flush();
}

test('a short password is no locale, and locales are no secrets', () => {
  for (const secret of ['sk-abcdefg', 'my-secret', 'db_Master', 'dev-Pass'])
    assert.equal(run([secret], [`it is ${secret}`]), 'it is •••');
  for (const locale of ['en_US.UTF-8', 'zh-Hans-CN', 'de_DE.utf8'])
    assert.equal(run([locale], [`it is ${locale}`]), `it is ${locale}`);
});
