import { test } from 'node:test';
import assert from 'node:assert/strict';
import { memoryHome } from '@anchor/testing/memory/home.ts';
import { newId } from '../names/id.ts';
import type { HostName } from '../names/name.ts';
import { ok } from '../result/result.ts';
import { moveAlias, type Move } from './move.ts';

const host = 'shop.localhost' as HostName;

/** A home whose alias is moved to another deployment while a switch waits for the edge. */
function raced() {
  const home = memoryHome();
  const projectId = newId('prj', 1);
  const [mine, theirs] = [newId('dpl', 1), newId('dpl', 2)];
  const move = (deploymentId: typeof mine, seen: Move['seen']): Move => ({ host, projectId, deploymentId, kind: 'environment', target: 'production', pinned: false, seen });
  const settled = home.probe.settled;
  home.probe.settled = async (name, id, ms) => {
    home.probe.settled = settled;
    assert.ok((await moveAlias(home)(move(theirs, await home.aliases.get(host)))).ok);
    return settled(name, id, ms);
  };
  return { home, mine, theirs, move };
}

test('a switch that somebody else follows at once has happened: it is not called failed', async () => {
  const { home, mine, theirs, move } = raced();
  const moved = await moveAlias(home)(move(mine, undefined));
  assert.ok(moved.ok, moved.ok ? '' : moved.error.message);
  const now = await home.aliases.get(host);
  assert.equal(now?.deploymentId, theirs);
  assert.deepEqual(now.history, [mine]);
});

test('who asks for what is live, while somebody else moves it away, is told so', async () => {
  const { home, mine, theirs, move } = raced();
  const race = home.probe.settled;
  home.probe.settled = async () => ok(undefined);
  assert.ok((await moveAlias(home)(move(mine, undefined))).ok);
  home.probe.settled = race;
  const moved = await moveAlias(home)(move(mine, await home.aliases.get(host)));
  assert.equal(moved.ok, false);
  assert.equal(moved.error.code, 'conflict');
  assert.match(moved.error.cause ?? '', new RegExp(theirs));
});
