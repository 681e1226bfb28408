/** What a render sees of its request, when its parts arrive, and the work after it. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { test } from 'node:test';
import { logOf } from '../../helpers.ts';
import { eventually } from '../../platform.ts';
import { requestInParts, gateCookie, type Gates } from '../gates.ts';
import type { Site } from '../site.ts';
import { get, heading, page, shown, stampOf } from './page.ts';

export const inLog = (site: Site, text: string): Promise<void> =>
  eventually(
    async () => (await logOf(site.platform, site.live(), 'run')).includes(text),
    30_000,
    () => `"${text}" is not in the log`,
  );

const refused = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(false);
    }).once('error', () => resolve(true));
  });

type Process = { pid: number; started: number; registered: number };

export function declareRequests(site: () => Site, gates: () => Gates, phase: string): void {
  test('streaming: the shell is there before the slow parts, each of which comes when it is ready', async () => {
    const { text } = await requestInParts(
      gates(),
      site(),
      '/stream',
      ['first pending', 'the first part', 'the second part'],
      { headers: { 'accept-encoding': 'gzip, br' } },
    );
    assert.match(text, /The shell/);
  });

  test('cookies() and headers() are those of the visitor, and the address is his', async () => {
    const html = await page(site(), '/request', {
      headers: { cookie: 'a=1; b=z%C3%BC', 'x-custom': 'seen', 'user-agent': 'tester/1' },
    });
    const { forwardedFor, ...seen } = JSON.parse(shown(html, 'seen')) as Record<string, unknown>;
    const host = `${site().host}:${site().platform.edgePort}`;
    assert.deepEqual(seen, {
      cookies: [
        { name: 'a', value: '1' },
        { name: 'b', value: 'zü' },
      ],
      custom: 'seen',
      host,
      agent: 'tester/1',
      forwardedHost: host,
      forwardedProto: 'http',
    });
    assert.match(String(forwardedFor), /^127\.0\.0\.1$|^::1$/);
  });

  test('draft mode: only clients with its cookie see drafts, past the edge; without the cookie they see what is published', async () => {
    const published = await get(site(), '/draft');
    assert.equal(heading(published.text), 'What is published');
    const on = await get(site(), '/api/draft?on=1');
    assert.equal(on.status, 307);
    assert.equal(on.headers['location'], '/draft');
    const [, cookie] = /^(__prerender_bypass=[^;]+); .*HttpOnly/i.exec(on.headers['set-cookie']?.[0] ?? '') ?? [];
    assert.ok(cookie !== undefined, String(on.headers['set-cookie']));
    const drafts = new Set<string>();
    for (let i = 0; i < 3; i++) {
      const draft = await get(site(), '/draft', { headers: { cookie } });
      assert.equal(heading(draft.text), 'A draft');
      assert.match(String(draft.headers['cache-control']), /no-store/);
      assert.equal(draft.headers['x-anchor-cache'], 'DYNAMIC');
      assert.equal(draft.headers['x-nextjs-cache'], undefined);
      drafts.add(stampOf(draft.text));
      assert.match((await get(site(), '/draft?_rsc=1', { headers: { cookie, rsc: '1' } })).text, /A draft/);
    }
    assert.equal(drafts.size, 3, 'each is rendered again');
    for (const headers of [{}, { cookie: '__prerender_bypass=guessed' }]) {
      const other = await get(site(), '/draft', { headers });
      assert.equal(stampOf(other.text), stampOf(published.text));
      assert.equal(other.headers['x-anchor-cache'], 'HIT');
    }
    const off = await get(site(), '/api/draft', { headers: { cookie } });
    assert.match(String(off.headers['set-cookie']), /^__prerender_bypass=; .*Expires=Thu, 01 Jan 1970/i);
  });

  test('after(): its work is done once the response is complete, from handlers and pages', async () => {
    const [slow, quick] = [randomUUID(), randomUUID()];
    // Its work continues until the gate opens, which happens when the response is complete.
    const response = await get(site(), `/api/after?id=${slow}`, {
      headers: { cookie: gateCookie(gates(), slow) },
      signal: AbortSignal.timeout(60_000),
    });
    assert.deepEqual(JSON.parse(response.text), { responded: slow });
    assert.equal(heading(await page(site(), `/after?id=${quick}`)), 'After the page');
    await inLog(site(), `after finished ${quick}`);
    gates().open(`${slow}/1`);
    await inLog(site(), `after finished ${slow}`);
  });

  test(`instrumentation: register ran once in each process, of which there are enough ${phase}`, async () => {
    const seen = new Map<number, Process>();
    const look = async (): Promise<void> => {
      const process = JSON.parse((await get(site(), '/api/process')).text) as Process;
      seen.set(process.started, process);
    };
    for (let i = 0; i < 8; i++) await look();
    // An edge worker learns of the second process when it renews its leases.
    if (phase === 'with two processes')
      await eventually(
        async () => (await look(), seen.size >= 2),
        30_000,
        () => `${seen.size} process`,
      );
    assert.deepEqual([...new Set([...seen.values()].map(({ registered }) => registered))], [1]);
    await inLog(site(), 'instrumentation registered in nodejs');
  });

  test('instrumentation: onRequestError gets the error and its place', async () => {
    const mark = randomUUID();
    await get(site(), `/broken/server?mark=${mark}`);
    await get(site(), `/api/fail?mark=${mark}`);
    await inLog(site(), `onRequestError GET /broken/server?mark=${mark} /broken/server render a secret of the server`);
    await inLog(site(), `onRequestError GET /api/fail?mark=${mark} /api/fail route the handler fails on purpose`);
  });
}

/** Once, since it ends the processes: `restart` stops the whole platform, and starts it again. */
export function declareDrain(site: () => Site, gates: () => Gates, restart: () => Promise<void>): void {
  test('after(): a process that is stopped first finishes it, and the response that it is streaming', async () => {
    const id = randomUUID();
    await get(site(), `/api/after?id=${id}&until-told`);
    await inLog(site(), `after started ${id}`);
    let started = false;
    const stream = get(site(), '/stream', {
      headers: { cookie: gateCookie(gates(), id) },
      leaveWhen: (text) => {
        started ||= text.includes('The shell');
        return false;
      },
    });
    await eventually(
      () => started,
      30_000,
      () => 'the stream does not start',
    );
    const restarted = restart();
    // The rest of the stream is rendered when the site accepts no requests any more.
    await eventually(
      () => refused(site().platform.edgePort),
      30_000,
      () => 'the edge goes on',
    );
    for (const part of [1, 2]) gates().open(`${id}/${part}`);
    assert.match((await stream).text, /the second part.*<\/html>/s);
    await restarted;
    await inLog(site(), `after finished ${id}`);
  });
}
