import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { parseStartCommand } from '../detect/start-command.ts';
import { isForeign, scanBudget } from './foreign-program.ts';
import { resolveRunnable } from './runnable.ts';

const ELF = `\x7fELF${'\0'.repeat(100_000)}`;
const FILES: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "a" }',
  'server.mjs': '',
  'bin/server': ELF,
  'bin/small': '\x7fELF\0\0',
  'bin/www': '#!/usr/bin/env node\nrequire("..");\n',
  'start.sh':
    'set -e\nexport A=1\n# a comment\nif [ -f x ]; then echo x; fi\nnode migrate.mjs && exec node server.mjs\n',
  'go.sh': '#!/bin/bash\nset -e\nmkdir -p /tmp/x\nexec ./bin/server --port "$PORT"\n',
  'outer.sh': 'sh go.sh\n',
  'py.sh': 'A=1 python3 app.py\n',
  'node_modules/tsx/package.json': '{ "name": "tsx" }',
  'node_modules/tsx/cli.mjs': '#!/usr/bin/env node\n',
  'node_modules/deno/package.json': '{ "name": "deno" }',
  'node_modules/deno/bin.cjs': '#!/usr/bin/env node\n',
  'node_modules/native/package.json': '{ "name": "native" }',
  'node_modules/native/program': ELF,
};
const LINKS = { tsx: '../tsx/cli.mjs', deno: '../deno/bin.cjs', native: '../native/program' };

const STARTS: readonly (readonly [script: string, foreign: boolean])[] = [
  ['node server.mjs', false],
  ['./bin/server', true],
  ['./bin/server --port $PORT', true],
  ['PORT=8080 bin/small', true],
  ['exec ./bin/server', true],
  ['./bin/www', false],
  ['tsx server.ts', false],
  ['deno run -A main.ts', true],
  ['deno task start', true],
  ['native serve', true],
  ['perl server.pl', true],
  ['sh start.sh', false],
  ['./start.sh', false],
  ['sh go.sh', true],
  ['./go.sh', true],
  ['bash outer.sh', true],
  ['sh py.sh', true],
  ['mkdir -p /tmp/a && node server.mjs', false],
  ['node server.mjs & ./bin/server', true],
  ['sh -c "perl server.pl"', true],
  ['concurrently "node server.mjs" "./bin/server"', true],
  ['npm run migrate && node server.mjs', false],
  ['bun run server.mjs', false],
];

test('a program that listens on a port instead of the socket is recognised', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'anchor-test-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
    chmodSync(join(root, name), 0o755);
  }
  mkdirSync(join(root, 'node_modules/.bin'));
  for (const [name, target] of Object.entries(LINKS)) symlinkSync(target, join(root, 'node_modules/.bin', name));
  for (const [script, foreign] of STARTS) {
    const result = await resolveRunnable(root, '', parseStartCommand(script));
    assert.ok(result.ok, `${script}: ${result.ok ? '' : result.error.message}`);
    assert.equal(result.value.foreign, foreign, script);
  }
});

test('scripts that run one another thousands of times are not followed for ever', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'anchor-test-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, next] of ['sh b.sh', 'sh c.sh', 'sh a.sh', 'node server.mjs'].map((text, i) => ['abcd'[i], text]))
    writeFileSync(join(root, `${name}.sh`), `${next}\n`.repeat(5_000));
  const budget = scanBudget();
  assert.equal(await isForeign(root, '', ['sh', 'a.sh'], budget), false);
  assert.ok(budget.left < 0, 'it was ended by its budget');
});
