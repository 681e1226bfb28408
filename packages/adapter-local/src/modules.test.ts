import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { emitModules, toJavaScript } from './modules.ts';

async function place(t: TestContext) {
  const data = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(data, { recursive: true, force: true }));
  const source = join(data, 'src');
  await mkdir(join(source, 'inner'), { recursive: true });
  await writeFile(join(source, 'next-adapter.ts'), "import type { A } from './types.ts';\nimport { add } from './inner/add.ts';\nconst one: number = 1;\nexport const a: A = { n: add(one, 2) };\nconst late = await import('./late.ts');\nconsole.log(JSON.stringify(a), late.default);\n");
  await writeFile(join(source, 'types.ts'), 'export type A = { n: number };\n');
  await writeFile(join(source, 'late.ts'), "export default 'late' as string;\n");
  await writeFile(join(source, 'inner/add.ts'), "export { type A } from '../types.ts';\nexport const add = (a: number, b: number): number => a + b;\n");
  await writeFile(join(source, 'add.test.ts'), 'throw new Error();\n');
  return { source, modules: join(data, 'modules') };
}

test('emitted modules run as plain JavaScript, types and tests left behind', async (t) => {
  const { source, modules } = await place(t);
  const { runtimeDir, adapterPath } = await emitModules({ modules }, source);
  assert.deepEqual((await readdir(runtimeDir, { recursive: true })).sort(), ['inner', 'inner/add.js', 'late.js', 'next-adapter.js', 'package.json', 'types.js']);
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-experimental-strip-types', adapterPath]);
  assert.equal(stdout, '{"n":3} late\n');
});

test('emitting again and from many callers at once ends with one directory; other content gets another', async (t) => {
  const { source, modules } = await place(t);
  const all = await Promise.all(Array.from({ length: 10 }, () => emitModules({ modules }, source)));
  assert.equal(new Set(all.map((emitted) => emitted.runtimeDir)).size, 1);
  assert.equal((await readdir(modules)).length, 1);
  await writeFile(join(source, 'late.ts'), "export default 'later';\n");
  await emitModules({ modules }, source);
  assert.equal((await readdir(modules)).length, 2);
});

test('only relative specifiers that end in .ts are rewritten', () => {
  const code = "import a from './a.ts';\nimport './b.ts';\nexport * from '../c.ts';\nimport x from 'pkg/x.ts';\nconst text = './d.ts';\nconst u = new URL('./e.ts', import.meta.url);\n";
  assert.equal(toJavaScript(code), "import a from './a.js';\nimport './b.js';\nexport * from '../c.js';\nimport x from 'pkg/x.ts';\nconst text = './d.ts';\nconst u = new URL('./e.js', import.meta.url);\n");
});

test("the platform's own runtime can be emitted", async (t) => {
  const { modules } = await place(t);
  const { runtimeDir } = await emitModules({ modules });
  assert.ok((await readdir(runtimeDir)).includes('next-adapter.js'));
});
