/** Pages with a lifetime. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../platform.ts';
import type { Gates } from '../gates.ts';
import type { Site } from '../site.ts';
import { shown, version } from './render.ts';
import { askEveryWorker } from './workers.ts';

type Line = { text: string };
/** How often the running deployment printed that it made the page. */
export async function rendersOf(site: Site, path: string): Promise<readonly string[]> {
  const answer = await site.platform.api<{ items: readonly Line[] }>('GET', `/api/deployments/${site.live()}/logs?kind=run&limit=5000`);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body.items.map(({ text }) => text).filter((text) => text.includes(`rendered ${path} `)).map((text) => text.slice(text.lastIndexOf(' ') + 1));
}

const RSC = { rsc: '1' };

/** A render of /timed waits until this gate is open. */
export const RENDER_GATE = 'timed';

export function declareTime(site: () => Site, gates: () => Gates, phase: string): void {
  test('a page is served stale at once, made anew once for everybody, and then new for everybody', async () => {
    const path = '/timed';
    const gate = `${RENDER_GATE}/1`;
    const everybody = async (): Promise<readonly { id: string; state: unknown }[]> => {
      const crowd = await Promise.all(Array.from({ length: 16 }, () => site().visit(path)));
      return [...crowd, ...(await askEveryWorker(site(), path))].map(({ body, headers }) => ({ id: shown(body), state: headers['x-nextjs-cache'] }));
    };
    let old = '';
    // Whatever an earlier test left is made anew until the page is fresh.
    await eventually(async () => {
      const answer = await site().visit(path);
      old = shown(answer.body);
      return answer.headers['x-nextjs-cache'] === 'HIT';
    }, 30_000, () => 'the page never became fresh');

    // From here on there is one version of the page, until the gate opens.
    gates().shut(gate);
    try {
      const answers: { state: unknown; id: string }[] = [];
      // A worker whose own try came too late for another's waits before its next one: others ask meanwhile.
      await eventually(async () => {
        const answer = await site().visit(path);
        answers.push({ state: answer.headers['x-nextjs-cache'], id: shown(answer.body) });
        return gates().waiting(gate) > 0;
      }, 30_000, () => `nobody makes it anew: ${JSON.stringify(answers.slice(-50))}`);
      assert.ok(answers.every(({ id, state }) => id === old && (state === 'HIT' || state === 'STALE')), JSON.stringify(answers));
      assert.ok(answers.some(({ state }) => state === 'STALE'));
      // Meanwhile everybody asks: all get the old page at once, and nobody else begins to make it.
      for (const { id, state } of await everybody()) assert.deepEqual([id, state], [old, 'STALE']);
      assert.equal(gates().waiting(gate), 1);
    } finally {
      gates().open(gate);
    }

    let fresh = old;
    await eventually(async () => {
      fresh = shown((await site().visit(path)).body);
      return fresh !== old;
    }, 30_000, () => 'the page was never made anew');
    for (const { id } of await everybody()) assert.notEqual(id, old, 'nobody sees the old page once it has been replaced');
    // What a function prints reaches the log a moment after its answer, that of the old page perhaps only now.
    let renders: readonly string[] = [];
    await eventually(async () => (renders = await rendersOf(site(), path)).includes(fresh), 30_000, () => `the render of ${fresh} was not logged`);
    assert.ok(renders.filter((id) => id === old).length <= 1, 'the old page was made again');
  });

  test('HTML, RSC payload and segments of a page are replaced together', async () => {
    const gate = `${RENDER_GATE}/1`;
    const segment = { ...RSC, 'next-router-prefetch': '1', 'next-router-segment-prefetch': '/timed/__PAGE__' };
    const html = async (): Promise<string> => version((await site().visit('/timed')).body);
    /** Which versions all parts on all workers are of. */
    const versions = async (): Promise<ReadonlySet<string>> => {
      const answers = [...(await askEveryWorker(site(), '/timed'))];
      for (const headers of [RSC, segment]) answers.push(...(await askEveryWorker(site(), '/timed?_rsc=abc', { headers })));
      assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
      return new Set(answers.map(({ body }) => version(body)));
    };
    /** From here on nothing is replaced: whoever makes the next version waits. */
    const stop = async (): Promise<void> => {
      gates().shut(gate);
      await eventually(async () => (await html()) !== '' && gates().waiting(gate) > 0, 30_000, () => 'nobody makes it anew');
    };
    try {
      await stop();
      const before = await versions();
      assert.equal(before.size, 1, [...before].join(', '));
      gates().open(gate);
      const [old = ''] = before;
      await eventually(async () => (await html()) !== old, 30_000, () => 'the page was never made anew');
      assert.ok(!(await versions()).has(old), 'a part of the old version is given after the new page');
      await stop();
      const after = await versions();
      assert.equal(after.size, 1, [...after].join(', '));
    } finally {
      gates().open(gate);
    }
  });

  test('what a rule of the configuration adds is on the page for whom the rule is meant', async () => {
    const asked = await site().visit('/timed', { headers: { 'x-ask': '1' } });
    assert.deepEqual([asked.headers['x-from-config'], asked.headers['x-answered']], ['yes', 'asked']);
    for (const answer of await askEveryWorker(site(), '/timed')) assert.deepEqual([answer.headers['x-from-config'], answer.headers['x-answered']], ['yes', undefined]);
  });

  test('a path that was not built is made once, then given by the edge without the function', async () => {
    const path = `/dynamic/${phase.replaceAll(' ', '-')}`;
    const first = await site().visit(path);
    assert.equal(first.headers['x-nextjs-cache'], 'MISS');
    for (const answer of [...(await askEveryWorker(site(), path)), ...(await askEveryWorker(site(), path))]) {
      assert.equal(shown(answer.body), shown(first.body));
      assert.equal(answer.headers['x-nextjs-cache'], 'HIT');
      assert.equal(answer.headers['cache-control'], 'public, max-age=0, must-revalidate');
    }
    await site().toZero();
    const answer = await site().visit(path);
    assert.equal(shown(answer.body), shown(first.body));
    assert.equal((await site().instances()).length, 0, 'no process was started for it');
    const { etag } = answer.headers;
    assert.equal((await site().visit(path, { headers: { 'if-none-match': String(etag) } })).status, 304);
  });

  test('a route handler with a lifetime is served and made anew like a page', async () => {
    const first = await site().visit('/api/handler');
    assert.equal(first.status, 200);
    await eventually(async () => shown((await site().visit('/api/handler')).body) !== shown(first.body), 30_000, () => 'it never changed');
  });
}
