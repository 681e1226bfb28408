import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { dpl, TestBed } from '../testing/test-bed.ts';

const bed = new TestBed();
const tag = 'shell';
const SHELL = '<html>new shell';
/** What the function responds with while another process renders the shell, which holds the lock for that. */
const PRIVATE = '<html>all of it for one client</html>';
let lockedElsewhere = true;
const refreshes: string[] = [];

before(async () => {
  await bed.start();
  bed.site({
    function: true,
    builtAt: Date.now() - 10_000,
    prerenders: {
      '/shell': bed.page('<html>old shell', {
        partial: true,
        postponed: bed.put('{state}'),
        headers: { 'content-type': 'text/html' },
        tags: [tag],
        bypass: [[{ type: 'header', key: 'user-agent', value: '.*Bot.*' }]],
      }),
    },
  });
  await bed.serve(dpl(1), (req, res) => {
    const refresh = req.headers['x-anchor-refresh'];
    if (req.method === 'POST') return void res.end('<rest>');
    if (refresh !== undefined) refreshes.push(String(refresh));
    const shell = refresh === 'shell' && !lockedElsewhere;
    const metadata = { g: '/shell', m: Date.now(), r: 900, e: 3600, t: [tag], p: shell ? SHELL.length : 0 };
    res.setHeader('x-anchor-entry', JSON.stringify(metadata));
    if (shell) res.setHeader('x-nextjs-cache', 'HIT');
    res.end(shell ? `${SHELL}{state}` : PRIVATE);
  });
});
after(() => bed.stop());

test('a shell that another process renders is requested again soon, not after the pause of a failure', async () => {
  appendFileSync(join(bed.directory, `${dpl(1)}.tags`), `${JSON.stringify({ tag, at: Date.now() - 1_000 })}\n`);
  while (refreshes.length < 2) assert.equal((await bed.get('/shell')).text, PRIVATE);
  lockedElsewhere = false;
  const before = performance.now();
  while ((await bed.get('/shell')).text !== `${SHELL}<rest>`)
    assert.ok(performance.now() - before < 10_000, 'as long as after a failure');
  assert.ok(refreshes.length < 12);
});
