import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { runtimeCause } from './runtime-cause.ts';

const root = mkdtempSync(join(tmpdir(), 'anchor-test-'));
after(() => rmSync(root, { recursive: true, force: true }));
let count = 0;

/** Runs a broken application and returns what it prints, with its folder called /app as in a function. */
function outputOf(files: Readonly<Record<string, string>>, entry: string): string {
  const folder = join(root, `app-${++count}`);
  for (const [name, text] of Object.entries({ 'package.json': '{"type":"module"}', ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  try {
    execFileSync(process.execPath, [entry], { cwd: folder, env: {}, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    assert.ok(error instanceof Error && 'stderr' in error);
    return String(error.stderr).replaceAll(folder, '/app');
  }
  throw new Error('It does not fail.');
}

type Row = Readonly<{
  name: string;
  files: Readonly<Record<string, string>>;
  entry?: string;
  says: RegExp;
  fix?: RegExp;
  missing?: readonly string[];
}>;

const ROWS: readonly Row[] = [
  {
    name: 'CommonJS in an ES module',
    files: { 's.js': "const http = require('http');\n" },
    says: /^ReferenceError: require is not defined in ES module scope.*\(s\.js:1/,
    fix: /\.cjs, or remove "type": "module"/,
  },
  {
    name: '__dirname in an ES module',
    files: { 's.js': 'console.log(__dirname);\n' },
    says: /__dirname is not defined.*\(s\.js:1/,
    fix: /import\.meta\.dirname/,
  },
  {
    name: 'an ES module in CommonJS',
    files: { 'package.json': '{"type":"commonjs"}', 's.js': "import http from 'node:http';\nhttp;\n" },
    says: /^SyntaxError: Cannot use import statement outside a module \(s\.js:1\)$/,
    fix: /"type": "module"/,
  },
  {
    name: 'an import without its extension, as TypeScript for bundlers writes it',
    files: { 'dist/s.js': "import './lib/db';\n", 'dist/lib/db.js': '' },
    entry: 'dist/s.js',
    says: /^Cannot find module '\/app\/dist\/lib\/db', imported from dist\/s\.js$/,
    fix: /"\.\/db\.js"/,
  },
  {
    name: 'an import of a folder',
    files: { 's.js': "import './lib';\n", 'lib/index.js': '' },
    says: /Directory import/,
    fix: /lib\/index\.js/,
  },
  {
    name: 'a file whose letters have another case',
    files: { 's.js': "import './Config.js';\n", 'config.js': '' },
    says: /^Cannot find module '\/app\/Config\.js', imported from s\.js$/,
    fix: /spelled as on disk/,
  },
  {
    name: 'JSON without its attribute',
    files: { 's.js': "import p from './package.json';\np;\n" },
    says: /ERR_IMPORT_ATTRIBUTE_MISSING/,
    fix: /with \{ type: 'json' \}/,
  },
  {
    name: 'TypeScript with code of its own',
    files: { 's.ts': 'enum Word { Hi }\nWord;\n' },
    entry: 's.ts',
    says: /enum is not supported in strip-only mode/,
    fix: /tsx/,
  },
  {
    name: 'an export that a module does not have',
    files: { 's.js': "import { a } from './b.js';\na;\n", 'b.js': 'export const b = 1;\n' },
    says: /does not provide an export named 'a' \(s\.js:1\)$/,
    fix: /^Import a name that the module exports/,
  },
  {
    name: 'a merge conflict',
    files: { 's.js': '<<<<<<< HEAD\n1;\n=======\n2;\n>>>>>>> feat\n' },
    says: /^SyntaxError/,
    fix: /Resolve the merge conflict/,
  },
  {
    name: 'Deno',
    files: { 's.js': 'Deno.serve(() => new Response());\n' },
    says: /^ReferenceError: Deno is not defined \(s\.js:1/,
    fix: /Deno does not run here/,
  },
  {
    name: 'a database on localhost',
    files: {
      's.js': "import { connect } from 'node:net';\nconnect({ host: '127.0.0.1', port: 11211 });\n",
    },
    says: /connect ECONNREFUSED 127\.0\.0\.1:11211/,
    fix: /anchor env set.*localhost is the function itself.*Memcached/,
  },
  {
    name: 'an address that is undefined',
    files: { 's.js': 'new URL(process.env.API_BASE);\n' },
    says: /^TypeError: Invalid URL \(s\.js:1:1\): it is built from a value that is undefined/,
    fix: /anchor env set/,
  },
  {
    name: 'an address that is wrong',
    files: { 's.js': "new URL('nothing');\n" },
    says: /^TypeError: Invalid URL \(s\.js:1:1\)$/,
  },
  {
    name: 'a missing variable',
    files: { 's.js': "if (!process.env.DATABASE_URL) throw new Error('DATABASE_URL is required');\n" },
    says: /^Error: DATABASE_URL is required \(s\.js:1/,
    missing: ['DATABASE_URL'],
  },
  {
    name: 'a missing variable of a zod schema',
    files: {
      's.js':
        "const issue = { expected: 'string', code: 'invalid_type', path: ['STRIPE_KEY'], message: 'Invalid input: expected string, received undefined' };\nclass ZodError extends Error {}\nthrow new ZodError(JSON.stringify([issue], null, 2));\n",
    },
    says: /STRIPE_KEY/,
    missing: ['STRIPE_KEY'],
  },
  {
    name: 'a missing variable of envalid',
    files: {
      's.js':
        "console.error('\\u001b[33m Missing environment variables:\\u001b[39m\\n    \\u001b[34mREDIS_URL\\u001b[39m: undefined');\nprocess.exit(1);\n",
    },
    says: /^Missing environment variables:/,
    missing: ['REDIS_URL'],
  },
];

for (const { name, files, entry = 's.js', says, fix, missing = [] } of ROWS) {
  test(`the cause of a crash at start is found: ${name}`, () => {
    const output = outputOf(files, entry);
    // Each start prints it again.
    const found = runtimeCause(`${output}\n${output}\n${output}`);
    assert.ok(found !== undefined, output);
    assert.match(found.lines[0] ?? '', says, output);
    assert.deepEqual(found.missing, missing);
    if (fix === undefined) assert.equal(found.fix, undefined);
    else assert.match(found.fix ?? '', fix);
  });
}

test('what a server prints that runs well says nothing', () => {
  assert.equal(runtimeCause('Server listening on http://localhost:3000\nGET / 200\n'), undefined);
  assert.equal(runtimeCause(''), undefined);
});
