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
    const response = await site().request(`/api/source?key=${key}`);
    assert.equal(response.status, 200, response.body);
    return JSON.parse(response.body) as { short: string; tagged: string; render: string };
  };

  /**
   * A value that was read once stays the same. Next stores what it computed after the response, and until then another
   * process computes its own.
   */
  async function steady(read: () => Promise<string>): Promise<string> {
    const seen: string[] = [];
    await eventually(
      async () => seen.push(await read()) >= 6 && new Set(seen.slice(-6)).size === 1,
      30_000,
      () => `never the same: ${JSON.stringify(seen)}`,
    );
    return seen.at(-1) ?? '';
  }

  test('unstable_cache keeps what it computed until its time or its tag ends it, in every process', async () => {
    const see = async (name: 'short' | 'long'): Promise<string> =>
      shown((await site().request('/unstable')).body, name);
    const short = await see('short');
    const long = await steady(() => see('long'));
    await eventually(
      async () => (await see('short')) !== short,
      30_000,
      () => 'the short-lived value never changed',
    );
    assert.equal(await see('long'), long);
    await revalidate(site(), { tag: 'long' });
    assert.notEqual(await see('long'), long);
    assert.notEqual(await steady(() => see('long')), long);
  });

  test('fetch caches responses until their lifetime or their tag ends them, in every process', async () => {
    const { short } = await fetched();
    const tagged = await steady(async () => (await fetched()).tagged);
    await eventually(
      async () => (await fetched()).short !== short,
      30_000,
      () => 'the short-lived response never changed',
    );
    assert.equal((await fetched()).tagged, tagged);
    await revalidate(site(), { tag: `fetched-${key}` });
    assert.notEqual((await fetched()).tagged, tagged);
    assert.notEqual(await steady(async () => (await fetched()).tagged), tagged);
  });
}
