import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { listeningPorts, parseTable, siteAmong } from './listening-ports.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const row = (address: string, state: string): string =>
  `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 41 1 0 100 0 0 10 0\n`;

test('the tables of the kernel list ports that accept connections, at addresses that lead there', () => {
  const table = [
    row('00000000:0BB8', '0A'),
    row('0100007F:1F90', '0A'),
    row('0200007F:1F91', '01'),
    row('0A01A8C0:0050', '0A'),
    row('00000000000000000000000000000000:1F40', '0A'),
    row('0000000000000000FFFF00000100007F:1F41', '0A'),
    row('00000000000000000000000001000000:1F42', '0A'),
    '   9: nonsense\n',
  ];
  assert.deepEqual(parseTable(HEAD + table.join('')), [
    { port: 3_000, host: '127.0.0.1' },
    { port: 8_080, host: '127.0.0.1' },
    { port: 80, host: '192.168.1.10' },
    { port: 8_000, host: '127.0.0.1' },
    { port: 8_001, host: '127.0.0.1' },
    { port: 8_002, host: '0:0:0:0:0:0:0:1' },
  ]);
});

test('a server of this machine is found in the real tables', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  assert.ok(listeningPorts().some(({ port, host }) => port === address.port && host === '127.0.0.1'));
  await new Promise((resolve) => server.close(resolve));
  assert.ok(!listeningPorts().some(({ port }) => port === address.port));
});

test('the site is what listens on PORT, and neither metrics nor a debugger', () => {
  const at = (...ports: readonly number[]) => ports.map((port) => ({ port, host: '127.0.0.1' }));
  assert.equal(siteAmong(at(9_229, 8_080, 3_000), 3_000)?.port, 3_000);
  assert.equal(siteAmong(at(9_229, 9_100, 8_080), 3_000)?.port, 8_080);
  assert.equal(siteAmong(at(45_123, 8_080), 3_000)?.port, 8_080);
  assert.equal(siteAmong(at(9_229), 3_000), undefined);
  assert.equal(siteAmong([], 3_000), undefined);
});
