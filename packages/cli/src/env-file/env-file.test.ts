import assert from 'node:assert/strict';
import { test } from 'node:test';
import dotenv from 'dotenv';
import fc from 'fast-check';
import { formatVariable } from './format.ts';
import { parseEnvFile } from './parse.ts';

const parsed = (text: string): Record<string, string> => {
  const result = parseEnvFile(text);
  assert.ok(result.ok, result.ok ? '' : `line ${result.line}: ${result.reason}`);
  return Object.fromEntries(result.variables);
};

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,20}$/).filter((text) => text !== '__proto__');
/** Any text without NUL; often made of the characters that env files stumble over. */
const value = fc
  .oneof(
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.string({
      unit: fc.constantFrom(
        '#',
        '$',
        '!',
        '"',
        "'",
        '`',
        '\\',
        ' ',
        '\n',
        '\r',
        '\t',
        '=',
        'n',
        'a',
        '{',
        '}',
        'é',
        '😀',
        '\u2028',
        '\uFEFF',
      ),
      maxLength: 30,
    }),
  )
  .filter((text) => !text.includes('\0'));

test('every value comes back exactly as it went into the file', () => {
  fc.assert(
    fc.property(fc.dictionary(name, value, { maxKeys: 8, noNullPrototype: true }), (variables) => {
      const file = Object.entries(variables)
        .map(([key, text]) => formatVariable(key, text))
        .join('\n');
      assert.deepEqual(parsed(`${file}\n`), { ...variables });
    }),
    { numRuns: 2000 },
  );
});

test('what is written, other readers of .env files read the same, where the value has no $, no \\ and not both kinds of quotes', () => {
  const common = fc.string({
    unit: fc.constantFrom('#', '!', '"', '`', ' ', '\n', '=', 'n', 'a', 'é', '😀'),
    maxLength: 30,
  });
  fc.assert(
    fc.property(name, common, (key, text) => {
      assert.equal(dotenv.parse(`${formatVariable(key, text)}\n`)[key], text);
    }),
    { numRuns: 500 },
  );
});

test('a file in common spellings is read as it is meant', () => {
  const file = [
    '\uFEFF# a comment',
    '',
    'PLAIN=value',
    'export EXPORTED=yes',
    '  INDENTED = spaced  ',
    'EMPTY=',
    'QUOTED="two words" # why',
    "SINGLE='it's $literal \\n'",
    'HASH=pass#word',
    'COMMENT=value # comment',
    'LINES="a\\nb"',
    "PEM='-----BEGIN\nMIIB\n-----END'",
    'JSON={"a":"b"}',
    'URL=postgres://u:p@h/db?x=1&y=$2',
    'WINDOWS=crlf\r',
    'TWICE=1',
    'TWICE=2',
  ].join('\n');
  assert.deepEqual(parsed(file), {
    PLAIN: 'value',
    EXPORTED: 'yes',
    INDENTED: 'spaced',
    EMPTY: '',
    QUOTED: 'two words',
    SINGLE: "it's $literal \\n",
    HASH: 'pass#word',
    COMMENT: 'value',
    LINES: 'a\nb',
    PEM: '-----BEGIN\nMIIB\n-----END',
    JSON: '{"a":"b"}',
    URL: 'postgres://u:p@h/db?x=1&y=$2',
    WINDOWS: 'crlf',
    TWICE: '2',
  });
});

for (const [sentence, file, expected] of [
  [
    'a line without a name is refused with its number',
    'A=1\nnonsense\n',
    { ok: false, line: 2, reason: 'expected NAME=value, found "nonsense"' },
  ],
  [
    'a quote that is not closed is refused with its number',
    '\nA="open\nB=2',
    { ok: false, line: 2, reason: 'the quote " of A is not closed, or text follows it' },
  ],
  [
    'a name that no environment can hold is refused',
    '1A=2',
    { ok: false, line: 1, reason: 'expected NAME=value, found "1A=2"' },
  ],
] as const) {
  test(sentence, () => assert.deepEqual(parseEnvFile(file), expected));
}

test('no text makes the parser throw or hang', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      parseEnvFile(text);
    }),
    { numRuns: 1000 },
  );
});
