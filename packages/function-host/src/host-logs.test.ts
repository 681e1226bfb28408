import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '@anchor/testing/until.ts';
import { started, get } from './fixtures/started-host.ts';

test(
  'a flood of notes about one deployment is cut before it reaches the host, and another one is still noted',
  { timeout: 60_000 },
  async (t) => {
    const { home, host } = await started(t);
    const [flooded, other] = [await home.deploy(), await home.deploy()];
    for (let i = 0; i < 10_000; i++) host.note(flooded, `req-${i}`, 'error', 'the function sent no response');
    host.note(other, 'req', 'error', 'the function sent no response');
    await until('the other has it', async () => (await home.logs.read('run', other, {})).length === 1);
    const lines = (await home.logs.read('run', flooded, {})).length;
    assert.ok(lines > 0 && lines < 50, `${lines} lines`);
  },
);

test('lines are stored by request, and a flood is cut with a note', { timeout: 60_000 }, async (t) => {
  const { home, host } = await started(t, { linesPerSecond: 100 });
  const deployment = await home.deploy();
  await get(host, deployment, '/print?text=alpha', { 'x-request-id': 'req-alpha' });
  await get(host, deployment, '/print?text=beta', { 'x-request-id': 'req-beta' });
  const lines = () => home.logs.read('run', deployment, { limit: 1_000 });
  await until(
    'both are there',
    async () => (await lines()).filter((line) => line.text.startsWith('warned')).length === 2,
  );
  const alpha = (await lines()).filter((line) => line.requestId === 'req-alpha');
  assert.deepEqual(alpha.map(({ level, text }) => `${level} ${text}`).sort(), ['info alpha', 'warn warned alpha']);
  await get(host, deployment, '/flood?lines=5000');
  await until('the flood ended', async () => {
    await get(host, deployment, '/print?text=after');
    return (await lines()).some((line) => /^\d+ lines were not kept/.test(line.text));
  });
  assert.ok((await lines()).length < 2_000);
});
