import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { dpl, TestBed } from '../testing/test-bed.ts';
import type { EdgeSettings } from '../util/settings.ts';

type Status = Readonly<{ repeats: Readonly<{ count: number; hits: number }> }>;
const SWITCHES: Readonly<Record<string, Partial<EdgeSettings>>> = {
  'the response memo': { responseMemo: false },
  'the shared read buffer': { sharedReadBuffer: false },
  'the response memo and the shared read buffer': { responseMemo: false, sharedReadBuffer: false },
};

for (const [name, settings] of Object.entries(SWITCHES)) {
  test(`without ${name}, files, bodies and pipelined requests are served as with it`, async (t) => {
    const bed = new TestBed(settings);
    await bed.start(join(bed.directory, 'control.sock'));
    t.after(() => bed.stop());
    bed.site({ function: true, files: { '/a.txt': bed.file('a file') } });
    await bed.serve(dpl(1), (req, res) => {
      req.setEncoding('utf8').once('data', (body: string) => res.end(`got ${body}`));
    });
    for (let i = 0; i < 4; i++) assert.equal((await bed.get('/a.txt')).text, 'a file');
    assert.equal((await bed.get('/post', { method: 'POST', body: 'a body' })).text, 'got a body');
    const request = 'GET /a.txt HTTP/1.1\r\nhost: app.localhost\r\n\r\n';
    const raw = await bed.raw(request.repeat(3) + request.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'));
    assert.equal(raw.split('a file').length - 1, 4);
    const { repeats } = await bed.status<Status>();
    if (settings.responseMemo === false) assert.deepEqual([repeats.count, repeats.hits], [0, 0]);
  });
}
