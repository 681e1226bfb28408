import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChangeHub } from './change-hub.ts';

const never = new AbortController().signal;

test('a change wakes the followers of its resource and no others', async () => {
  const hub = new ChangeHub();
  const [one, also, other] = [hub.open('a'), hub.open('a'), hub.open('b')];
  let woken = false;
  const abort = new AbortController();
  const pending = other.next(60_000, abort.signal).finally(() => {
    woken = true;
  });
  const both = Promise.all([one.next(60_000, never), also.next(60_000, never)]);
  hub.notify('a');
  await both;
  assert.equal(woken, false);
  hub.notifyAll();
  await pending;
  assert.equal(woken, true);
});

test('changes between two waits are one, and none is lost', async () => {
  const hub = new ChangeHub();
  const follower = hub.open('a');
  hub.notify('a');
  hub.notify('a');
  await follower.next(60_000, never);
  const abort = new AbortController();
  let resolved = false;
  const next = follower.next(60_000, abort.signal).finally(() => {
    resolved = true;
  });
  await Promise.resolve();
  assert.equal(resolved, false, 'both were told with the first');
  abort.abort();
  await next;
});

test('closed followers are forgotten', () => {
  const hub = new ChangeHub();
  const followers = [hub.open('a'), hub.open('a'), hub.open('b')];
  assert.equal(hub.size, 2);
  for (const follower of followers) follower.close();
  followers[0]?.close();
  assert.equal(hub.size, 0);
  const late = hub.open('a');
  followers[1]?.close();
  assert.equal(hub.size, 1);
  late.close();
});
