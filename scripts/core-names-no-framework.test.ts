import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { scanTypeScript } from './glossary/scan.ts';

const root = join(import.meta.dirname, '../packages/core/src');

/** Next.js in code: `nextjs`, `NEXT_…`, `_next/…`, `.next`, `next.config`, a kind `next`, or a type `Next…`. */
const NEXT = /next\.?js|NEXT_|_next\b|\.next\b|next\.config|^next$|\bNext(?![a-z])/;
/** Ordinary names have the word too: `next()`, `nextHistory`. */
const NEXT_NAME = /nextjs|NEXT|^Next/i;
const ORDINARY = /^next(?:$|[A-Z])/;

/** Returns the framework's names in a file's identifiers and strings. Comments may name it as an example. */
const frameworkNames = (source: string): readonly string[] =>
  scanTypeScript(source)
    .filter(({ kind, text }) =>
      kind === 'string' ? NEXT.test(text) : kind === 'identifier' && NEXT_NAME.test(text) && !ORDINARY.test(text),
    )
    .map(({ text, line }) => `${line}: ${text}`);

test('core names no framework outside comments: Next.js belongs to the web kind of components', () => {
  const found = globSync('**/*.ts', { cwd: root })
    .filter((path) => !path.endsWith('.test.ts'))
    .flatMap((path) => frameworkNames(readFileSync(join(root, path), 'utf8')).map((name) => `${path}:${name}`));
  assert.deepEqual(found, []);
});

test('the check finds the framework in strings, keys and types, and leaves the ordinary word alone', () => {
  const refused = [
    "const kind = 'next';",
    "const framework = z.enum(['nextjs', 'static']);",
    'const key = { NEXT_SERVER_ACTIONS_ENCRYPTION_KEY: value };',
    "const prefixes = ['NEXT_PUBLIC_'];",
    'const path = `${base}/_next/static`;',
    'type NextComponent = WebComponent;',
  ];
  for (const source of refused) assert.equal(frameworkNames(source).length, 1, source);
  const ordinary = "/** Next.js */ const nextHistory = await step.next('publish'); note('in the next build');";
  assert.deepEqual(frameworkNames(ordinary), []);
});
