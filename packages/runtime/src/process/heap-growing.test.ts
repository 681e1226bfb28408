import { execFile } from 'node:child_process';
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';

const MODULES = `
  import { enableCompileCache, createRequire } from 'node:module';
  import { setFlagsFromString } from 'node:v8';
  import { collectAll } from ${JSON.stringify(import.meta.resolve('./idle-gc.ts'))};
  import { pauseHeapGrowing, raiseHeapGrowing } from ${JSON.stringify(import.meta.resolve('./heap-growing.ts'))};
  if (process.env.CACHE !== undefined) enableCompileCache(process.env.CACHE);
  const require = createRequire(process.cwd() + '/');`;

/** Returns the output of a separate process, with Node's own report of its compile cache. */
async function outputOf(
  program: string,
  flags: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
  cwd?: string,
): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', ...flags, '--input-type=module', '-e', MODULES + program],
    { cwd, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 },
  );
  return stdout + stderr;
}

/**
 * Processes one after the other that load the same two modules, each after steps of its own: whether the last found
 * what it could use.
 */
async function found(t: TestContext, ...steps: readonly string[]): Promise<readonly [commonJs: boolean, esm: boolean]> {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-compiled-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, 'inner.cjs'), 'exports.inner = () => 1;');
  await writeFile(join(directory, 'page.cjs'), "require('./inner.cjs').inner();");
  await writeFile(join(directory, 'page.mjs'), 'export const page = () => 1;');
  let account = '';
  for (const step of steps) {
    account = await outputOf(
      `${step}; require('./page.cjs'); const done = pauseHeapGrowing(); await import(process.cwd() + '/page.mjs'); done();`,
      [],
      { CACHE: join(directory, 'cache'), NODE_DEBUG_NATIVE: 'COMPILE_CACHE' },
      directory,
    );
  }
  const accepted = (name: string): boolean =>
    account.split('\n').some((line) => line.includes(name) && /was accepted/.test(line));
  assert.equal(accepted('inner.cjs'), accepted('page.cjs'), account);
  return [accepted('page.cjs'), accepted('page.mjs')];
}

test('modules that are loaded late use what was compiled at another start, and leave what the next one can use', async (t) => {
  const usual = '';
  const late = 'raiseHeapGrowing()';
  for (const steps of [
    [usual, usual],
    [usual, late],
    [late, late],
    [late, usual],
  ])
    assert.deepEqual(await found(t, ...steps), [true, true], JSON.stringify(steps));
  // The check can also return false.
  assert.deepEqual(await found(t, usual, "setFlagsFromString('--heap-growing-percent=200')"), [false, false]);
});

test('a collection leaves usable what was compiled', async (t) => {
  assert.deepEqual(await found(t, 'collectAll()', ''), [true, true]);
  assert.deepEqual(await found(t, '', 'collectAll()'), [true, true]);
});

test('the same program collects less often where more old objects may be', async () => {
  const program = `
    const alive = Array.from({ length: 400_000 }, (_, i) => ({ i }));
    let dead = [];
    for (let round = 0; round < 600; round++) {
      dead.push(Array.from({ length: 10_000 }, (_, i) => ({ i })));
      if (dead.length > 60) dead = [];
      await new Promise((resolve) => setImmediate(resolve));
    }
    console.log(alive.length);`;
  const collections = async (setUp: string): Promise<number> =>
    (await outputOf(setUp + program, ['--max-old-space-size=384', '--trace-gc'])).split('Mark-Compact').length - 1;
  const [usual, more] = [await collections(''), await collections('raiseHeapGrowing();')];
  assert.ok(more > 0 && more < usual, `${usual} collections as usual, ${more} with more`);
});
