import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TooComplex } from './compile.ts';
import { Expression } from './expression.ts';
import { OverBudget } from './match.ts';

const BUDGET = 2_000_000;

function same(source: string, flags: string, text: string): void {
  const expected = new RegExp(source, flags).exec(text);
  const found = new Expression(source, flags).exec(text, { left: BUDGET });
  const label = `/${source}/${flags} on ${JSON.stringify(text)}`;
  assert.deepEqual(found?.captures, expected === null ? undefined : [...expected], label);
  if (expected?.groups !== undefined) assert.deepEqual({ ...found?.groups }, { ...expected.groups }, label);
}

/** Expressions that Next.js 13 to 16 writes into its manifests of routes, and common values of `source` and `has`. */
const NEXT = [
  '^(?:/((?!_next/)(.*)))?(?:/)?$',
  '^(?!/_next)(?:/((?:[^/]+?)(?:/(?:[^/]+?))*))?(?:/)?$',
  '^\\/((?:[^\\/]+?)(?:\\/(?:[^\\/]+?))*)\\/$',
  '^/((?!_next/static|_next/image|favicon\\.ico|.*\\.png$).*)$',
  '^/blog(?:/([^/]+?))(?:/([^/]+?))(?:/)?$',
  '^/old(?:/(.*))(?:/)?$',
  '^/post-(\\d+)(?:/)?$',
  '^/(?:([^/]+?))/_next/data/(?<nextData>[^/]+)/(?<slug>.+?)\\.json$',
  '^(?:/(?<nextLocale>en|de|fr))?(?:/(?<nxtPid>[^/]+?))(?:/)?$',
  '^/_next/static/(?:[^/]+/pages|pages|chunks|runtime|css|image|media)/.+$',
  '^/(?!(?:_next|api)(?:/|$))([^/]+?)(?:/([^/]+?))?$',
  '^/api(?:/(.+?))?(?:/)?$',
  '(?<session>[a-z0-9]{8,16})',
  '^(?:(?<lang>en|de)(?:-[A-Z]{2})?)$',
  '^/(?<a>[^/]+?)(?:\\.rsc|\\.segments/.+\\.segment\\.rsc)$',
  '^(?:\\/(_next\\/data\\/[^/]{1,}))?(?:\\/((?!api|_next|.*\\..*).*))(\\.json)?[\\/#\\?]?$',
  '^/docs(?:/((?:[^/]+?)(?:/(?:[^/]+?))*))?(?:/)?$',
  '^(?<subdomain>(?!www)[^.]+)\\.example\\.com$',
  '^/([a-z]{2}(?:-[a-z]{2})?)?/?$',
  'true|1',
  '(.*)',
];
const PATHS = [
  '/',
  '/a',
  '/A/b/',
  '/_next/static/x/pages/a.js',
  '/_next/data/abc/en/a.json',
  '/blog/one/two',
  '/old/',
  '/old/a/b//c',
  '/post-12',
  '/post-x',
  '/en/12',
  '/de',
  '/api',
  '/api/',
  '/favicon.ico',
  '/a.png',
  '/docs/a/b/c',
  '/x.rsc',
  '/x.segments/a/b.segment.rsc',
  'shop.example.com',
  'www.example.com',
  'en-US',
  '/éa/日本',
  '',
];

test('what Next.js writes is matched as V8 matches it', () => {
  for (const source of NEXT) for (const flags of ['', 'i']) for (const text of PATHS) same(source, flags, text);
});

const leaf = fc.constantFrom(
  'a',
  'b',
  'B',
  '/',
  '\\.',
  '.',
  '[ab]',
  '[^/]',
  '\\d',
  '\\w',
  '\\s',
  '\\b',
  '\\B',
  '^',
  '$',
  '1',
  'é',
  '[^]',
  '[]',
  '\\u00c9',
  'ſ',
  'K',
  '-',
);
const expression: fc.Arbitrary<string> = fc.letrec<{ e: string }>((tie) => ({
  e: fc.oneof(
    { maxDepth: 5, depthSize: 'medium' },
    leaf,
    fc.tuple(tie('e'), tie('e')).map(([a, b]) => a + b),
    fc.tuple(tie('e'), tie('e')).map(([a, b]) => `(?:${a}|${b})`),
    fc.tuple(tie('e'), tie('e')).map(([a, b]) => `(${a}|${b})`),
    fc
      .tuple(
        fc.constantFrom('(?:', '(', '(?='),
        tie('e'),
        fc.constantFrom('*', '+', '?', '*?', '+?', '??', '{0,2}', '{2}', '{1,3}?', '{2,}'),
      )
      .map(([open, a, q]) => `${open}${a})${q}`),
    fc.tuple(fc.constantFrom('(?=', '(?!', '(?<=', '(?<!'), tie('e')).map(([open, a]) => `${open}${a})`),
    fc.tuple(tie('e'), fc.constantFrom('1', '2')).map(([a, n]) => `(${a})\\${n}`),
  ),
})).e;
const subject = fc
  .array(fc.constantFrom('a', 'b', 'A', 'B', '/', '.', '1', ' ', 'é', 'É', 's', 'ſ', 'k', '\n', '-'), { maxLength: 9 })
  .map((chars) => chars.join(''));

test('any expression finds and captures what V8 does', () => {
  fc.assert(
    fc.property(expression, fc.constantFrom('', 'i', 's', 'im'), subject, (source, flags, text) =>
      same(source, flags, text),
    ),
    { numRuns: 20_000 },
  );
});

test('captures within loops, lookarounds and named groups are those of V8', () => {
  const texts = ['', 'a', 'ab', 'aab', 'abab', 'ba', 'aaab', 'xaby', 'abcabc', 'Ba', 'aa', 'zaacbbbcac'];
  for (const source of [
    '(z)((a+)?(b+)?(c))*',
    '(?:(a)|(b)|(c))*',
    '(?=(a+))a*b\\1',
    '(.*?)a(?!(a+)b\\2c)\\2(.*)',
    '(?<=(\\d+|a)(b))',
    '(?<x>a)|(?<x>b)',
    '(a*)*',
    '(a*)+',
    '(?:a?b?)*?$',
    '(?=(?:((?:a)*|(a|.)))*)a',
    '(?:(?:(?:(?:a)*?)*|(?=(?=a))))*',
    '(?:(a)|b)*\\1',
    '(?:|a)+',
    '(a?){3}',
    '(?:a|ab)(?:c|bcd)?(?:d*)',
    '\\k<x>(?<x>a)',
    '(?i:AB)c?',
    '(?-i:a)B',
    '(?i:[A-B]+)$',
    '(?s-i:.A?)',
    '(?:(?=(a))){2}a',
  ])
    for (const text of texts) for (const flags of ['', 'i']) same(source, flags, text);
});

test('no expression takes more than its share, and what takes V8 minutes takes none', () => {
  const catastrophic: readonly (readonly [string, string])[] = [
    ['^/(a+)+$', `/${'a'.repeat(5_000)}!`],
    [`^${'(?:a|a)'.repeat(60)}$`, `${'a'.repeat(60)}!`],
    [`^${'(?:a|aa)'.repeat(40)}$`, `${'a'.repeat(70)}!`],
    [`^${'(?:ab?)?'.repeat(40)}$`, `${'a'.repeat(50)}!`],
    [`^${'a?'.repeat(40)}${'a'.repeat(40)}$`, 'a'.repeat(39)],
    ['^(?:(?:a*)*)*$', `${'a'.repeat(5_000)}!`],
    ['(x+x+)+y', 'x'.repeat(5_000)],
    ['^(?:a{1,30}){1,30}$', `${'a'.repeat(800)}!`],
    ['^(?=(?:a|a)*$)(?:a|aa)*$', `${'a'.repeat(3_000)}b`],
    ['(?:.*)(?:.*)(?:.*)(?:.*)=x', 'a'.repeat(2_000)],
  ];
  for (const [source, text] of catastrophic) {
    const startedAt = performance.now();
    assert.equal(new Expression(source, 'i').exec(text, { left: BUDGET }), undefined, source);
    assert.ok(performance.now() - startedAt < 1_000, source);
  }
});

test('back references, and too large expressions, reach the limit with an error', () => {
  assert.throws(() => new Expression('^(a*)*\\1(b)\\1*c$').exec(`${'a'.repeat(60)}!`, { left: BUDGET }), OverBudget);
  assert.throws(() => new Expression('^(?:.*)*$').exec('a'.repeat(100), { left: 50 }), OverBudget);
  assert.throws(() => new Expression('(?:a{1000}){1000}'), TooComplex);
  assert.throws(() => new Expression(`${'('.repeat(8_000)}a${')'.repeat(8_000)}`), TooComplex);
  assert.throws(() => new Expression('a'.repeat(20_000)), TooComplex);
  assert.throws(() => new Expression('(a'), SyntaxError);
});

test('no expression takes long to compile, whatever it comes to', () => {
  const groups = '()'.repeat(1_000);
  const long = `[${Array.from({ length: 4_000 }, (_, i) => String.fromCharCode(0x4e00 + 2 * i)).join('')}]`;
  const sources = [
    '(?:){99999999999999}',
    '(?:(?:){9999999}){9999999}',
    '(?=(?:){9999999999})',
    '(?:){0,99999999}',
    `(?:a${'(?:)'.repeat(2_000)}){9999}`,
    `${'(?:'.repeat(600)}${groups}${')*'.repeat(600)}`,
    `${long}{0,9000}`,
    Array.from({ length: 2_400 }, (_, i) => `[${String.fromCharCode(0x4e00 + i)}]`).join(''),
  ];
  for (const source of sources) {
    const before = process.threadCpuUsage();
    try {
      void new Expression(source, 'i');
    } catch (error) {
      assert.ok(error instanceof TooComplex, source.slice(0, 40));
    }
    const { user, system } = process.threadCpuUsage(before);
    assert.ok(user + system < 300_000, `${source.slice(0, 40)}: ${(user + system) / 1_000} ms`);
  }
});
