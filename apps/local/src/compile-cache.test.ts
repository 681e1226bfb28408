import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { BUNDLED, programFile } from './bundle/programs.ts';
import { ensureCompileCache, stampOf } from './compile-cache.ts';
import { parseCommand } from './command-line.ts';

const run = promisify(execFile);

async function temporary(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test('a source file that was written, added or removed is a change; a test is not, nor is a second look', async (t) => {
  const root = await temporary(t);
  await mkdir(join(root, 'deep'));
  const file = join(root, 'deep', 'one.ts');
  await writeFile(file, 'export const one = 1;\n');
  const seen = [stampOf([root])];
  assert.equal(stampOf([root]), seen[0]);
  await writeFile(join(root, 'one.test.ts'), '');
  assert.equal(stampOf([root]), seen[0]);
  await utimes(file, new Date(), new Date(1_000));
  seen.push(stampOf([root]));
  await writeFile(join(root, 'two.ts'), '');
  seen.push(stampOf([root]));
  await rm(file);
  seen.push(stampOf([root]));
  const installed = join(root, '.package-lock.json');
  seen.push(stampOf([root], installed));
  await writeFile(installed, '{}');
  seen.push(stampOf([root], installed));
  assert.equal(new Set(seen).size, seen.length);
});

test('after it no process of the platform loads the TypeScript stripper, and it is not done twice', async (t) => {
  const data = await temporary(t);
  const command = parseCommand(['--data', data], {});
  assert.ok(command.ok);
  const cache = join(data, 'compile-cache');
  const strips = async (file: string): Promise<boolean> => {
    const code = `await import(${JSON.stringify(pathToFileURL(file).href)}); console.log(process.moduleLoadList.some((name) => name.includes('amaro')))`;
    const { stdout } = await run(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', code],
      { env: { NODE_COMPILE_CACHE: cache, ANCHOR_PRECOMPILE: '1' } },
    );
    return stdout.trim() === 'true';
  };
  const env = { PATH: process.env['PATH'] };
  const source = (name: string): string => join(import.meta.dirname, name);
  const bundles = await ensureCompileCache(command.value.settings, env);
  assert.ok(bundles !== undefined);
  const supervisor = join(bundles, 'platform.mjs');
  const { size } = await stat(supervisor);
  await truncate(supervisor); // as a power failure leaves it
  assert.equal(await ensureCompileCache(command.value.settings, env), bundles);
  assert.equal((await stat(supervisor)).size, size, 'a damaged bundle is made again');
  assert.deepEqual(
    BUNDLED.map((name) => programFile(name, bundles, {})),
    BUNDLED.map((name) => join(bundles, `${name}.mjs`)),
  );
  for (const file of [...BUNDLED.map((name) => programFile(name, bundles, {})), source('demo-process.ts')])
    assert.equal(await strips(file), false, file);
  const emitted = join(data, 'modules', 'sources');
  const stamp = await readFile(emitted, 'utf8');
  await rm(cache, { recursive: true });
  await mkdir(cache);
  await writeFile(join(cache, 'sources'), stamp);
  assert.equal(await ensureCompileCache(command.value.settings, env), bundles);
  assert.equal(programFile('edge', bundles, {}), source('edge.ts'), 'what is marked as compiled is taken for it');
  assert.equal(await strips(source('edge.ts')), true);
});
