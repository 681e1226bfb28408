import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseStartCommand } from './start-command.ts';

test('plain node commands become argument vectors', () => {
  assert.deepEqual(parseStartCommand('node server.js'), {
    kind: 'argv',
    argv: ['node', 'server.js'],
    environment: {},
    entry: 'server.js',
  });
  assert.deepEqual(parseStartCommand('NODE_ENV=production  node --enable-source-maps "dist/my app.js" --port 80'), {
    kind: 'argv',
    argv: ['node', '--enable-source-maps', 'dist/my app.js', '--port', '80'],
    environment: { NODE_ENV: 'production' },
    entry: 'dist/my app.js',
  });
  assert.deepEqual(parseStartCommand('node --import ./hook.js app.js'), {
    kind: 'argv',
    argv: ['node', '--import', './hook.js', 'app.js'],
    environment: {},
    entry: 'app.js',
  });
});

for (const script of [
  'node a.js && node b.js',
  'node a.js -p $PORT',
  'next start',
  'tsx src/index.ts',
  'node `which x`',
  "node 'a",
  'node a.js | pino',
  'node a.js > log',
  'node "$A"',
  'node a.js; rm b',
  'node *.js',
  'node ~/a.js',
  '',
  'node a.js\nnode b.js',
]) {
  test(`${JSON.stringify(script)} is left to a shell in the function's sandbox`, () =>
    assert.deepEqual(parseStartCommand(script), { kind: 'shell', script }));
}

test('no word of an argument vector ever came from something that a shell would expand', () => {
  fc.assert(
    fc.property(
      fc
        .array(
          fc.constantFrom('node', ' ', 'a.js', '$X', '"', "'", '&&', '|', ';', '\\', '`', 'A=b', '--x', '(', '*', '\n'),
          { maxLength: 10 },
        )
        .map((parts) => parts.join('')),
      (script) => {
        const parsed = parseStartCommand(script);
        if (parsed.kind === 'shell') return parsed.script === script;
        return parsed.argv[0] === 'node' && !/[`\\]|&&|\$X(?!')/.test(script.replace(/'[^']*'/g, ''));
      },
    ),
  );
});
