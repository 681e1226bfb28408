import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DomainName } from '@anchor/core/names/name.ts';
import type { DnsReport } from '@anchor/core/ports/dns-lookup.ts';
import type { Packet } from 'dns-packet';
import { createDns, type DnsSettings } from '../dns.ts';
import {
  responseTo,
  ScriptedServer,
  type PacketRecord,
  type Received,
  type Script,
} from '../fixtures/scripted-server.ts';

const ADDRESS = '127.0.0.1';

type Inspect = (name: string) => Promise<DnsReport>;
type Bed = Readonly<{ server: ScriptedServer; inspect: Inspect }>;

/** Runs a test against one server that is the root and everything below. */
async function against(script: Script, run: (bed: Bed) => Promise<void>, changes: Partial<DnsSettings> = {}) {
  const server = await ScriptedServer.start(script);
  const { lookup } = createDns({
    ownAddresses: [ADDRESS],
    roots: [{ address: ADDRESS, port: server.port }],
    dnsPort: server.port,
    validators: [],
    httpPort: 1,
    client: { timeoutMs: 100, tries: 1 },
    ...changes,
  });
  const inspect: Inspect = (name) =>
    lookup.inspect({ name: name as DomainName, ownership: `_anchor.${name}`, path: '/', token: 't' });
  try {
    await run({ server, inspect });
  } finally {
    await server.stop();
  }
}

const nameOf = ({ query }: Received): string => query.questions?.[0]?.name.toLowerCase() ?? '';
const referral = (received: Received, zone: string, hosts: readonly string[], glue: PacketRecord[] = []): Packet => ({
  ...responseTo(received),
  flags: 0,
  authorities: hosts.map((host) => ({ type: 'NS' as const, name: zone, data: host })),
  additionals: glue,
});

test('a burst of inspections runs a few at a time and ends', async () => {
  const running = new Set<string>();
  let most = 0;
  const script: Script = (received) => {
    const [site] = /site-\d+\.test$/.exec(nameOf(received)) ?? [];
    if (site !== undefined) running.add(site);
    most = Math.max(most, running.size);
    return responseTo(received);
  };
  await against(
    script,
    async ({ inspect }) => {
      const reports = await Promise.all(
        Array.from({ length: 100 }, async (_, at) => {
          const report = await inspect(`site-${at}.test`);
          running.delete(`site-${at}.test`);
          return report;
        }),
      );
      assert.ok(reports.every(({ exists, faults }) => exists && faults.length === 0));
      assert.equal(most, 4);
    },
    { maxInspections: 4 },
  );
});

test('a silent server ends within the time, and the next name is not held up by it', async () => {
  const script: Script = (received) => (nameOf(received).includes('silent') ? undefined : responseTo(received));
  await against(
    script,
    async ({ inspect }) => {
      const [silent, next] = await Promise.all([inspect('silent.test'), inspect('quick.test')]);
      assert.deepEqual([silent.exists, silent.faults[0]?.kind], [false, 'timeout']);
      assert.deepEqual([next.exists, next.faults], [true, []]);
    },
    { maxInspections: 1, dnsTimeMs: 300 },
  );
});

test('a delegation to a hundred servers without addresses costs a bounded number of queries', async () => {
  let count = 0;
  const script: Script = (received) => {
    const name = nameOf(received);
    if (name === 'test') return responseTo(received);
    // Every name is delegated to names of new zones, which are delegated likewise.
    const hosts = Array.from({ length: 100 }, () => `ns.z${count++}.test`);
    return referral(received, name, hosts);
  };
  await against(script, async ({ server, inspect }) => {
    const report = await inspect('victim.test');
    assert.equal(report.exists, false);
    assert.ok(server.log.length <= 400, `${server.log.length} queries`);
  });
});

test('a server may not delegate what is outside its zone, nor name addresses of strangers', async () => {
  const evil: PacketRecord[] = [{ type: 'A', name: 'ns.bank.test', data: ADDRESS }];
  const script: Script = (received) => {
    const name = nameOf(received);
    if (name === 'test') return responseTo(received);
    if (name === 'bank.test') return responseTo(received, [{ type: 'A', name, data: '192.0.2.80' }]);
    if (name.endsWith('evil.test')) return referral(received, 'bank.test', ['ns.bank.test'], evil);
    return responseTo(received, [], 3);
  };
  await against(script, async ({ inspect }) => {
    const report = await inspect('evil.test');
    assert.deepEqual([report.exists, report.a], [false, []]);
    const bank = await inspect('bank.test');
    assert.deepEqual(bank.a, ['192.0.2.80']);
  });
});

test('records of other names in a response are not those of the name', async () => {
  const script: Script = (received) =>
    responseTo(received, [
      { type: 'A', name: 'other.test', data: '192.0.2.1' },
      { type: 'TXT', name: 'other.test', data: 'project=evil' },
      { type: 'CAA', name: 'other.test', data: { flags: 0, tag: 'issue', value: 'evil.test' } },
    ]);
  await against(script, async ({ inspect }) => {
    const { a, ownership, caa } = await inspect('shop.test');
    assert.deepEqual([a, ownership, caa], [[], [], undefined]);
  });
});

test('an alias that never ends, or leads to what is no name, ends with a fault or no address', async () => {
  let count = 0;
  const script: Script = (received) => {
    const name = nameOf(received);
    const { type } = received.query.questions![0]!;
    if (type === 'NS') return responseTo(received);
    const target = name.startsWith('odd') ? 'a b\u0000.test' : `next-${count++}.test`;
    return responseTo(received, [{ type: 'CNAME', name, data: target }]);
  };
  await against(script, async ({ inspect }) => {
    const endless = await inspect('endless.test');
    assert.equal(endless.cname.length, 8);
    assert.match(endless.faults.map(({ text }) => text).join(), /more than 8 aliases/);
    const odd = await inspect('odd.test');
    assert.deepEqual([odd.cname, odd.a], [[], []]);
  });
});
