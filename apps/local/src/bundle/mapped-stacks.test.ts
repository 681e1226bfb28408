import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { bundlePrograms } from './bundle-programs.ts';
import { isWhole } from './seal.ts';

const run = promisify(execFile);

test('a bundled program has its own module addresses, one language of zod, and stack traces of its sources', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  await mkdir(join(directory, 'deep'));
  const program = join(directory, 'program.ts');
  const thrower = join(directory, 'deep', 'thrower.ts');
  await writeFile(
    program,
    `import { z } from ${JSON.stringify(fileURLToPath(import.meta.resolve('zod')))};
import { directory, thrown, url } from './deep/thrower.ts';
import { mapStacks } from ${JSON.stringify(join(import.meta.dirname, 'mapped-stacks.ts'))};
mapStacks(process.argv[1]);
const languages: readonly string[] = Object.keys(z.locales);
console.log(JSON.stringify({ url, directory, languages, stack: thrown().stack }));
`,
  );
  await writeFile(
    thrower,
    `export const url = import.meta.url;
export const directory = import.meta.dirname;
type Thrown = Error;
export function thrown(): Thrown {
  return new TypeError('no place');
}
`,
  );
  const parent = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(parent, { recursive: true, force: true }));
  await mkdir(join(parent, 'older'));
  await bundlePrograms(join(parent, 'bundles'), [program]);
  assert.deepEqual(await readdir(parent), ['bundles']);
  const { stdout } = await run(process.execPath, [join(parent, 'bundles', 'program.mjs')]);
  const seen = JSON.parse(stdout) as { url: string; directory: string; languages: string[]; stack: string };
  assert.equal(seen.url, pathToFileURL(thrower).href);
  assert.equal(seen.directory, join(directory, 'deep'));
  assert.deepEqual(seen.languages, ['default']);
  assert.deepEqual(seen.stack.split('\n').slice(0, 3), [
    'TypeError: no place',
    `    at thrown (${thrower}:5)`,
    `    at ${program}:6`,
  ]);
});

test('a program that cannot be bundled leaves nothing, and says so', async (t) => {
  const parent = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(parent, { recursive: true, force: true }));
  await writeFile(join(parent, 'broken.ts'), 'export const = ;\n');
  await assert.rejects(bundlePrograms(join(parent, 'out', 'bundles'), [join(parent, 'broken.ts')]), /broken\.ts/);
  assert.deepEqual(await readdir(join(parent, 'out')), []);
});

test('a bundle that is not whole is replaced by the next one, and a whole one stays', async (t) => {
  const parent = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(parent, { recursive: true, force: true }));
  await writeFile(join(parent, 'program.ts'), 'console.log(1);\n');
  const directory = join(parent, 'out', 'bundles');
  const bundle = async (): Promise<string> => {
    await bundlePrograms(directory, [join(parent, 'program.ts')]);
    return readFile(join(directory, 'program.mjs'), 'utf8');
  };
  const text = await bundle();
  assert.ok(isWhole(directory) && text !== '');
  await truncate(join(directory, 'program.mjs'));
  assert.ok(!isWhole(directory));
  assert.equal(await bundle(), text);
  await rm(join(directory, 'program.mjs.positions'));
  assert.ok(!isWhole(directory));
  // Either may replace what the other has written.
  const twice = [1, 2].map(() => bundlePrograms(directory, [join(parent, 'program.ts')]));
  await Promise.all(twice);
  assert.ok(isWhole(directory));
  assert.deepEqual(await readdir(join(parent, 'out')), ['bundles']);
});
