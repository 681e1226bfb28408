import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryHome } from '@anchor/testing/memory/home.ts';
import { must, sampleProject } from '@anchor/testing/samples.ts';
import { addDomain } from './add-domain.ts';
import { DomainWatcher } from './domain-watcher.ts';

async function setUp(count: number) {
  const home = memoryHome();
  const project = sampleProject();
  await home.projects.insert(project);
  const names = Array.from({ length: count }, (_, index) => `site-${index}.example`);
  for (const name of names) must(await addDomain(home)(project, { name }));
  const reports: string[] = [];
  const watcher = new DomainWatcher(home, (message) => reports.push(message));
  return { home, project, names, reports, watcher, looked: () => home.dns.inspections.map(({ name }) => String(name)) };
}

test('only what is due is checked, a few at once', async () => {
  const { home, watcher, looked } = await setUp(20);
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  home.dns.before = () => released;
  await watcher.run();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(looked().length, 8, 'of one project');
  release();
  await watcher.idle();
  assert.equal(new Set(looked()).size, 20, 'the others follow without another look');
  assert.equal(looked().length, 20);
  home.clock.advance(10_000);
  await watcher.run();
  await watcher.idle();
  assert.equal(looked().length, 40);
});

test('a domain that is added while 200 others are due is checked with the next free place', async () => {
  const { home, watcher, looked, project } = await setUp(200);
  await watcher.run();
  await watcher.idle();
  home.clock.advance(60_000);
  const releases: (() => void)[] = [];
  home.dns.before = () => new Promise<void>((resolve) => releases.push(resolve));
  const before = looked().length;
  await watcher.run();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(looked().length, before + 8);
  must(await addDomain(home)(project, { name: 'added.example' }));
  await watcher.run();
  releases.shift()?.();
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(looked().at(-1), 'added.example');
  home.dns.before = async () => undefined;
  for (const release of releases) release();
  await watcher.stop();
});

test('a check that throws or hangs is isolated, reported, and retried later', async () => {
  const { home, watcher, reports, looked, names } = await setUp(10);
  const [throws = '', hangs = ''] = names;
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  home.dns.before = async ({ name }) => {
    if (String(name) === throws) throw new Error('broken adapter');
    if (String(name) === hangs) await released;
  };
  await watcher.run();
  await new Promise((resolve) => setImmediate(resolve));
  await watcher.run();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(new Set(looked()).size, 10, 'the others were checked');
  assert.equal(reports.length, 1);
  assert.match(reports[0] ?? '', /site-0\.example failed and runs again in 5 minutes/);
  const before = looked().length;
  await watcher.run();
  assert.equal(looked().length, before, 'it rests, and the one that hangs is not started twice');
  release();
  await watcher.idle();
  home.clock.advance(5 * 60_000);
  await watcher.run();
  await watcher.idle();
  assert.equal(looked().filter((name) => name === throws).length, 2);
  await watcher.stop();
});

test('a project with many domains and slow name servers keeps no other one waiting', async () => {
  const { home, watcher, looked } = await setUp(200);
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  home.dns.before = async ({ name }) => (String(name).startsWith('site-') ? released : undefined);
  const other = sampleProject();
  await home.projects.insert(other);
  must(await addDomain(home)(other, { name: 'other.example' }));
  for (const _ of [1, 2]) {
    await watcher.run();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(looked().includes('other.example'));
  release();
  await watcher.idle();
});
