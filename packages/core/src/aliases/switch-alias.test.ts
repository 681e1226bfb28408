import { test } from 'node:test';
import assert from 'node:assert/strict';
import { memoryHome } from '@anchor/testing/memory/home.ts';
import { newId } from '../names/id.ts';
import type { HostName } from '../names/name.ts';
import { createProject } from '../projects/projects.ts';
import { ok } from '../result/result.ts';
import { switchAlias, type AliasSwitch } from './switch-alias.ts';

const host = 'shop.localhost' as HostName;

/** An installation whose alias is moved to another deployment while a switch waits for the edge. */
function raced() {
  const home = memoryHome();
  const projectId = newId('prj', 1);
  const [mine, theirs] = [newId('dpl', 1), newId('dpl', 2)];
  const move = (deploymentId: typeof mine, seen: AliasSwitch['expected']): AliasSwitch => ({
    host,
    projectId,
    deploymentId,
    kind: 'environment',
    target: 'production',
    pinned: false,
    expected: seen,
  });
  const settled = home.probe.waitUntilServing;
  home.probe.waitUntilServing = async (name, id, ms) => {
    home.probe.waitUntilServing = settled;
    assert.ok((await switchAlias(home)(move(theirs, await home.aliases.get(host)))).ok);
    return settled(name, id, ms);
  };
  return { home, mine, theirs, move };
}

test('a switch that is followed by another one at once has happened: it is not reported as failed', async () => {
  const { home, mine, theirs, move } = raced();
  const moved = await switchAlias(home)(move(mine, undefined));
  assert.ok(moved.ok, moved.ok ? '' : moved.error.message);
  const now = await home.aliases.get(host);
  assert.equal(now?.deploymentId, theirs);
  assert.deepEqual(now.history, [mine]);
});

test('a switch to what is live, while it is moved away concurrently, is a conflict', async () => {
  const { home, mine, theirs, move } = raced();
  const race = home.probe.waitUntilServing;
  home.probe.waitUntilServing = async () => ok(undefined);
  assert.ok((await switchAlias(home)(move(mine, undefined))).ok);
  home.probe.waitUntilServing = race;
  const moved = await switchAlias(home)(move(mine, await home.aliases.get(host)));
  assert.equal(moved.ok, false);
  assert.equal(moved.error.code, 'conflict');
  assert.match(moved.error.cause ?? '', new RegExp(theirs));
});

/** A host that was moved once for each id, a second apart, by a project with this setting. */
async function history(count: number, skewSeconds: number | undefined) {
  const home = memoryHome();
  const created = await createProject(home)('shop', skewSeconds === undefined ? {} : { functions: { skewSeconds } });
  assert.ok(created.ok);
  const projectId = created.value.project.id;
  const ids = Array.from({ length: count }, (_, i) => newId('dpl', i + 1));
  const to = async (deploymentId: (typeof ids)[number]) => {
    home.clock.advance(1_000);
    const moved = await switchAlias(home)({
      host,
      projectId,
      deploymentId,
      kind: 'environment',
      target: 'production',
      pinned: false,
      expected: await home.aliases.get(host),
    });
    assert.ok(moved.ok);
    return { alias: moved.value, at: home.clock.now() };
  };
  return { home, ids, to };
}

test('a replaced deployment is reachable for the time that the project sets, and not at all with 0', async () => {
  const {
    home,
    ids: [a, b],
    to,
  } = await history(2, 600);
  await to(a!);
  const { alias, at } = await to(b!);
  assert.deepEqual(alias.skewProtectedUntil, { [a!]: at + 600_000 });
  // It serves again: only what it replaced is reached by tabs.
  const back = await to(a!);
  assert.deepEqual(back.alias.skewProtectedUntil, { [b!]: back.at + 600_000 });
  home.clock.advance(700_000);
  const later = await to(b!);
  assert.deepEqual(later.alias.skewProtectedUntil, { [a!]: later.at + 600_000 });

  const none = await history(2, 0);
  await none.to(none.ids[0]!);
  assert.deepEqual((await none.to(none.ids[1]!)).alias.skewProtectedUntil, {});
  const usual = await history(2, undefined);
  await usual.to(usual.ids[0]!);
  const moved = await usual.to(usual.ids[1]!);
  assert.deepEqual(moved.alias.skewProtectedUntil, { [usual.ids[0]!]: moved.at + 86_400_000 });
});

test('twenty earlier deployments are stored, and more while pages may reach them', async () => {
  const { home, ids, to } = await history(40, 600);
  for (const id of ids.slice(0, 30)) await to(id);
  assert.equal((await home.aliases.get(host))?.history.length, 29);
  home.clock.advance(3_600_000);
  const { alias } = await to(ids[30]!);
  assert.equal(alias.history.length, 20);
  assert.deepEqual(Object.keys(alias.skewProtectedUntil ?? {}), [ids[29]]);
});
