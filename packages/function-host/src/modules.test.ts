import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { init, parse } from 'es-module-lexer';
import { emitModules, toJavaScript } from './modules.ts';

async function setUp(t: TestContext) {
  const data = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(data, { recursive: true, force: true }));
  const source = join(data, 'src');
  const protocol = join(data, 'protocol');
  await mkdir(join(source, 'inner'), { recursive: true });
  await mkdir(protocol);
  await writeFile(
    join(source, 'next-adapter.ts'),
    "import type { A } from './types.ts';\nimport { add } from './inner/add.ts';\nimport { one } from '@anchor/protocol/one.ts';\n\nexport const a: A = { n: add(one, 2) };\nconst late = await import('./late.ts');\nconsole.log(JSON.stringify(a), late.default);\n",
  );
  await writeFile(join(source, 'types.ts'), 'export type A = { n: number };\n');
  await writeFile(join(source, 'late.ts'), "export default 'late' as string;\n");
  await writeFile(join(protocol, 'one.ts'), 'export const one: number = 1;\n');
  await mkdir(join(protocol, 'artifact'));
  await writeFile(join(protocol, 'artifact/body.ts'), "import { z } from 'zod';\nexport const size = z.int();\n");
  await writeFile(
    join(source, 'inner/add.ts'),
    "export { one } from '@anchor/protocol/one.ts';\nexport { type A } from '../types.ts';\nexport const add = (a: number, b: number): number => a + b;\n",
  );
  await writeFile(join(source, 'add.test.ts'), 'throw new Error();\n');
  return { source, from: { runtime: source, protocol }, modules: join(data, 'modules') };
}

test('emitted modules run as plain JavaScript, types, tests and schemas left behind', async (t) => {
  const { from, modules } = await setUp(t);
  const { runtimeDir, adapterPath } = await emitModules({ modules }, from);
  assert.deepEqual((await readdir(runtimeDir, { recursive: true })).sort(), [
    'inner',
    'inner/add.js',
    'late.js',
    'next-adapter.js',
    'package.json',
    'preload.cjs',
    'protocol',
    'protocol/one.js',
    'types.js',
  ]);
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-experimental-strip-types', adapterPath]);
  assert.equal(stdout, '{"n":3} late\n');
});

test('emitting again and from many callers at once ends with one directory; other content gets another', async (t) => {
  const { source, from, modules } = await setUp(t);
  const all = await Promise.all(Array.from({ length: 10 }, () => emitModules({ modules }, from)));
  assert.equal(new Set(all.map((emitted) => emitted.runtimeDir)).size, 1);
  assert.equal((await readdir(modules)).length, 1);
  await writeFile(join(source, 'late.ts'), "export default 'later';\n");
  await emitModules({ modules }, from);
  assert.equal((await readdir(modules)).length, 2);
});

test('only specifiers of imports and exports are rewritten', async () => {
  const code =
    "import a from './a.ts';\nimport './b.ts';\nexport * from '../c.ts';\nimport x from 'pkg/x.ts';\nconst text = \"import y from './d.ts'\";\n" +
    "import { h } from '@anchor/protocol/h.ts';\nconst late = await import('./late.ts');\nconst other = await import(text);\n";
  assert.equal(
    await toJavaScript(code, 'a/b/c.js'),
    "import a from './a.js';\nimport './b.js';\nexport * from '../c.js';\nimport x from 'pkg/x.ts';\nconst text = \"import y from './d.ts'\";\n" +
      'import { h } from \'../../protocol/h.js\';\nconst late = await import("./late.js");\nconst other = await import(text);\n',
  );
});

test("the platform's own runtime can be emitted, and every import of it leads to a file or to Node", async (t) => {
  const { modules } = await setUp(t);
  const { runtimeDir } = await emitModules({ modules });
  const names = (await readdir(runtimeDir, { recursive: true })).filter((name) => name.endsWith('.js'));
  assert.ok(names.includes('next-adapter.js') && names.includes('protocol/headers.js'));
  await init();
  const missing: string[] = [];
  for (const name of names) {
    for (const { specifier } of parse(await readFile(join(runtimeDir, name), 'utf8'))[0]) {
      if (specifier === null || specifier === undefined || specifier.startsWith('node:')) continue;
      if (!specifier.startsWith('.') || !names.includes(join(dirname(name), specifier)))
        missing.push(`${name}: ${specifier}`);
    }
  }
  assert.deepEqual(missing, []);
});
