/** Data that is cached, in pages and handlers that are not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../platform.ts';
import type { Site } from '../site.ts';
import { revalidate } from './purges.ts';
import { shown } from './render.ts';

export function declareData(site: () => Site, phase: string): void {
  const key = phase.replaceAll(' ', '-');
  const fetched = async (): Promise<{ short: string; tagged: string; render: string }> => {
    const answer = await site().visit(`/api/source?key=${key}`);
    assert.equal(answer.status, 200, answer.body);
    return JSON.parse(answer.body) as { short: string; tagged: string; render: string };
  };

  /** What is read once it stays the same: Next stores what it computed after the answer, and until then another process computes its own. */
  async function steady(read: () => Promise<string>): Promise<string> {
    const seen: string[] = [];
    await eventually(async () => seen.push(await read()) >= 6 && new Set(seen.slice(-6)).size === 1, 30_000, () => `never the same: ${JSON.stringify(seen)}`);
    return seen.at(-1) ?? '';
  }

  test('unstable_cache keeps what it computed until its time or its tag ends it, in every process', async () => {
    const see = async (name: 'short' | 'long'): Promise<string> => shown((await site().visit('/unstable')).body, name);
    const short = await see('short');
    const long = await steady(() => see('long'));
    await eventually(async () => (await see('short')) !== short, 30_000, () => 'the short-lived value never changed');
    assert.equal(await see('long'), long);
    await revalidate(site(), { tag: 'long' });
    assert.notEqual(await see('long'), long);
    assert.notEqual(await steady(() => see('long')), long);
  });

  test('fetch keeps answers until their time or their tag ends them, in every process', async () => {
    const { short } = await fetched();
    const tagged = await steady(async () => (await fetched()).tagged);
    await eventually(async () => (await fetched()).short !== short, 30_000, () => 'the short-lived answer never changed');
    assert.equal((await fetched()).tagged, tagged);
    await revalidate(site(), { tag: `fetched-${key}` });
    assert.notEqual((await fetched()).tagged, tagged);
    assert.notEqual(await steady(async () => (await fetched()).tagged), tagged);
  });
}
