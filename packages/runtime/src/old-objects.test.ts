import { execFile } from 'node:child_process';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { promisify } from 'node:util';

const MODULES = `
  import { Script } from 'node:vm';
  import { collectAll } from ${JSON.stringify(import.meta.resolve('./rest.ts'))};
  import { keepMoreOldObjects, keepOldObjectsAsUsual } from ${JSON.stringify(import.meta.resolve('./old-objects.ts'))};
  const source = 'function one() { return 1 } one()';`;

/** What a process of its own says. */
async function said(program: string, flags: readonly string[] = []): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', ...flags, '--input-type=module', '-e', MODULES + program]);
  return stdout.trim();
}

/** Whether code that a process has compiled after the first steps is used by another one after the others. */
async function fits(made: string, used: string): Promise<string> {
  const cached = await said(`${made}; console.log(new Script(source).createCachedData().toString('base64'));`);
  return said(`${used}; console.log(new Script(source, { cachedData: Buffer.from(${JSON.stringify(cached)}, 'base64') }).cachedDataRejected ? 'no' : 'yes');`);
}

test('what a process has compiled when it ends is used by the next one', async () => {
  assert.equal(await fits('', ''), 'yes');
  assert.equal(await fits('keepMoreOldObjects()', ''), 'no');
  assert.equal(await fits('keepMoreOldObjects(); keepOldObjectsAsUsual()', ''), 'yes');
});

test('a collection leaves usable what was compiled', async () => {
  assert.equal(await fits('collectAll()', ''), 'yes');
  assert.equal(await fits('', 'collectAll()'), 'yes');
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
  const collections = async (setUp: string): Promise<number> => (await said(setUp + program, ['--max-old-space-size=384', '--trace-gc'])).split('Mark-Compact').length - 1;
  const [usual, more] = [await collections(''), await collections('keepMoreOldObjects();')];
  assert.ok(more > 0 && more < usual, `${usual} collections as usual, ${more} with more`);
});
