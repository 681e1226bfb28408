import { strict as assert } from 'node:assert';
import { chmod, copyFile, link, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fail } from '@anchor/core/result/result.ts';
import { createNodes, type Nodes } from './nodes.ts';

const OWN = process.versions.node;
const [major = '', minor = ''] = OWN.split('.');

/** Versions in a directory, and a registry that can not be reached. */
async function offline(t: TestContext, here: readonly string[]): Promise<Nodes> {
  const dir = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  for (const version of here) {
    const file = join(dir, version, 'bin/node');
    await mkdir(join(file, '..'), { recursive: true });
    await link(process.execPath, file).catch(() => copyFile(process.execPath, file));
    await chmod(file, 0o755);
  }
  const unreachable = () => Promise.resolve(fail('source_unreachable', 'The npm registry did not answer', 'Try again.'));
  return createNodes({ dir, npm: { versions: unreachable, install: unreachable, home: '', version: '' } });
}

const versionOf = async (nodes: Nodes, range: string): Promise<string> => nodes.resolve(range).then((result) => (result.ok ? result.value.version : result.error.code));

test('where the platform itself runs on a release that the app can use, no registry is asked for a newer one', async (t) => {
  const nodes = await offline(t, [OWN]);
  for (const range of ['>=20', `${major}.x`, major, '*', `^${major}.${minor}.0`, OWN]) assert.equal(await versionOf(nodes, range), OWN, range);
});

test('a range that the platform\'s own release is not in needs the registry', async (t) => {
  const nodes = await offline(t, [OWN]);
  for (const range of ['20', '<26', `>${OWN}`]) assert.equal(await versionOf(nodes, range), 'source_unreachable', range);
});

test('without the registry an older release in the range still builds', async (t) => {
  const nodes = await offline(t, ['22.1.0', '22.3.0', OWN]);
  assert.equal(await versionOf(nodes, '22'), '22.3.0');
});
