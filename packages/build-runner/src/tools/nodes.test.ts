import { strict as assert } from 'node:assert';
import { chmod, copyFile, link, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fail } from '@anchor/core/result/result.ts';
import { createNodes, type Nodes } from './nodes.ts';

const OWN = process.versions.node;
const [major = '', minor = ''] = OWN.split('.');

/** Versions in a directory, and a registry that cannot be reached. */
async function offline(t: TestContext, here: readonly string[]): Promise<Nodes> {
  const dir = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  for (const version of here) {
    const file = join(dir, version, 'bin/node');
    await mkdir(join(file, '..'), { recursive: true });
    await link(process.execPath, file).catch(() => copyFile(process.execPath, file));
    await chmod(file, 0o755);
  }
  const unreachable = () =>
    Promise.resolve(fail('source_unreachable', 'The npm registry did not respond', 'Retry later.'));
  return createNodes({
    dir,
    npm: {
      versions: unreachable,
      install: unreachable,
      pack: unreachable,
      home: '',
      version: '',
      cache: '',
      clearCache: async () => true,
    },
  });
}

const versionOf = async (nodes: Nodes, range: string): Promise<string> =>
  nodes.resolve(range).then((result) => (result.ok ? result.value.version : result.error.code));

test('where the platform itself runs on a release that the app can use, no registry is queried for a newer one', async (t) => {
  const nodes = await offline(t, [OWN]);
  for (const range of ['>=20', `${major}.x`, major, '*', `^${major}.${minor}.0`, OWN])
    assert.equal(await versionOf(nodes, range), OWN, range);
});

test("a range that the platform's own release is not in needs the registry", async (t) => {
  const nodes = await offline(t, [OWN]);
  for (const range of ['20', '<26', `>${OWN}`])
    assert.equal(await versionOf(nodes, range), 'source_unreachable', range);
});

test('without the registry an older release in the range still builds', async (t) => {
  const nodes = await offline(t, ['22.1.0', '22.3.0', OWN]);
  assert.equal(await versionOf(nodes, '22'), '22.3.0');
});

test('every spelling of a version that version managers know is understood', async (t) => {
  const nodes = await offline(t, ['20.1.0', '22.11.0', '24.1.0', OWN]);
  const rows = {
    'lts/iron': '20.1.0',
    'lts/jod': '22.11.0',
    'LTS/Krypton': '24.1.0',
    'lts/-1': '24.1.0',
    'lts/-2': '22.11.0',
    'v22.11.0': '22.11.0',
    '20': '20.1.0',
    '>=18 <21': '20.1.0',
    '20 - 22': '22.11.0',
    '^20.9 || ^22': '22.11.0',
    '24.x': '24.1.0',
    lts: OWN,
    'lts/*': OWN,
    node: OWN,
    current: OWN,
    latest: OWN,
  };
  for (const [text, version] of Object.entries(rows)) assert.equal(await versionOf(nodes, text), version, text);
  for (const text of ['lts/erbium', 'lts/-9', 'lts/constructor', 'lts/__proto__', '18.x', 'system'])
    assert.match(await versionOf(nodes, text), /unsupported|source_unreachable/, text);
});
