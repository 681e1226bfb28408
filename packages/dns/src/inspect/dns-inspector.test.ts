import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { after, before, test } from 'node:test';
import type { DnsReport } from '@anchor/core/ports/dns-lookup.ts';
import type { DomainName } from '@anchor/core/names/name.ts';
import { hasKnot } from '@anchor/testing/knot/knot.ts';
import { createDns, type DnsSettings } from '../dns.ts';
import { LOOPBACK, LoopbackDns } from '../fixtures/loopback-dns.ts';
import { responseTo, ScriptedServer } from '../fixtures/scripted-server.ts';

const options = { skip: hasKnot() ? false : 'knotd cannot be had' };
const TOKEN = 'our-own-token';
let dns: LoopbackDns;
let web: Server;
let httpPort = 0;
const hosts: string[] = [];

before(async () => {
  if (options.skip !== false) return;
  dns = await LoopbackDns.start();
  web = createServer((request, response) => {
    hosts.push(`${request.headers.host} ${request.url}`);
    response.end(TOKEN);
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  httpPort = (web.address() as { port: number }).port;
});
after(async () => {
  await dns?.stop();
  web?.close();
});

const inspect = (name: string, changes: Partial<DnsSettings> = {}): Promise<DnsReport> =>
  createDns({
    ownAddresses: LOOPBACK,
    roots: [{ address: LOOPBACK[0], port: dns.port }],
    dnsPort: dns.port,
    httpPort,
    validators: [],
    client: { timeoutMs: 300 },
    ...changes,
  }).lookup.inspect({
    name: name as DomainName,
    ownership: '_anchor.example.test',
    path: '/.well-known/anchor-check/1',
    token: TOKEN,
  });

test('a name that leads here is reported whole', options, async () => {
  const { at, ...report } = await inspect('example.test');
  assert.ok(at > 0);
  assert.deepEqual(report, {
    name: 'example.test',
    zone: 'example.test',
    servers: ['ns1.example.test', 'ns2.example.test'],
    exists: true,
    a: ['127.0.0.1'],
    aaaa: [],
    cname: [],
    caa: { at: 'example.test', records: [{ critical: false, tag: 'issue', value: 'ca.test' }] },
    ownership: ['other', 'project=one-part-two'],
    addresses: [{ address: '127.0.0.1', outcome: 'ours', status: 200 }],
    faults: [],
  });
  assert.ok(hosts.includes('example.test /.well-known/anchor-check/1'));
});

test('an alias is followed within the zone, and CAA is taken from the closest name above', options, async () => {
  const report = await inspect('www.example.test');
  assert.deepEqual([report.cname, report.a, report.exists], [['example.test'], ['127.0.0.1'], true]);
  assert.equal(report.caa?.at, 'example.test');
  assert.equal((await inspect('both.example.test')).caa?.at, 'example.test');
});

test('a CAA record of the name itself that forbids everything is found', options, async () => {
  const { caa } = await inspect('own-caa.example.test');
  assert.deepEqual(caa, { at: 'own-caa.example.test', records: [{ critical: true, tag: 'issue', value: ';' }] });
});

test('an alias is followed into another zone, whose servers have the addresses', options, async () => {
  const report = await inspect('far.example.test');
  assert.deepEqual([report.zone, report.cname, report.a], ['example.test', ['shop.elsewhere.test'], ['127.0.0.1']]);
});

test('aliases in a ring end with a fault', options, async () => {
  const report = await inspect('ring1.example.test');
  assert.deepEqual([report.a, report.addresses], [[], []]);
  assert.match(report.faults.map(({ text }) => text).join(), /form a loop/);
});

test('an AAAA record is spelled canonically and tried, and a private address is not', options, async () => {
  const both = await inspect('both.example.test', { httpTimeMs: 500 });
  assert.deepEqual(both.aaaa, ['2001:db8::1']);
  assert.deepEqual(both.addresses[0]?.outcome, 'ours');
  assert.notEqual(both.addresses[1]?.outcome, 'ours');
  const report = await inspect('private.example.test');
  assert.deepEqual(report.addresses, [{ address: '10.0.0.1', outcome: 'private' }]);
});

test('a wildcard shows what a name below it leads to, and is not tried', options, async () => {
  const report = await inspect('*.example.test');
  assert.deepEqual(
    [report.name, report.exists, report.a, report.addresses],
    ['*.example.test', true, ['127.0.0.1'], []],
  );
  assert.equal(report.caa?.at, 'example.test');
});

test('a name that no one registered does not exist, and its top-level domain says so', options, async () => {
  const report = await inspect('absent.test');
  assert.deepEqual([report.exists, report.zone, report.a, report.faults], [false, 'test', [], []]);
});

test('servers that disagree are named, and the addresses of all of them are tried', options, async () => {
  const report = await inspect('stale.test');
  assert.deepEqual(report.a, ['127.0.0.1', '127.0.0.9']);
  assert.deepEqual(
    report.addresses.map(({ outcome }) => outcome),
    ['ours', 'private'],
  );
  assert.deepEqual(
    report.faults.map(({ kind }) => kind),
    ['disagree'],
  );
});

test('a server that does not have the zone is lame, and one that is down is named', options, async () => {
  const lame = await inspect('lame.test');
  assert.deepEqual([lame.a, lame.servers, lame.faults[0]?.kind], [['127.0.0.1'], ['ns1.lame.test'], 'lame']);
  assert.equal(lame.faults[0]?.server, 'ns2.lame.test');
  const down = await inspect('down.test');
  assert.deepEqual([down.a, down.faults[0]?.kind], [['127.0.0.1'], 'refused']);
});

test('a delegation to an address inside a private network sends nothing there', options, async () => {
  const report = await inspect('inside.test');
  assert.deepEqual([report.exists, report.a], [false, []]);
  assert.match(report.faults[0]?.text ?? '', /no address that can be reached/);
});

test('delegations in a ring and to absent servers end with a fault', options, async () => {
  for (const name of ['loop-one.test', 'nowhere.test']) {
    const report = await inspect(name);
    assert.deepEqual([name, report.exists, report.faults.length > 0], [name, false, true]);
  }
});

test('broken DNSSEC is told apart from a server that fails', options, async () => {
  const broken = await ScriptedServer.start((received) => responseTo(received, [], received.query.flag_cd ? 0 : 2));
  const failing = await ScriptedServer.start((received) => responseTo(received, [], 2));
  try {
    const kinds = async (port: number): Promise<readonly string[]> => {
      const report = await inspect('shop.test', { validators: [{ address: '127.0.0.1', port }] });
      return report.faults.map(({ kind }) => kind);
    };
    assert.deepEqual(await kinds(broken.port), ['dnssec']);
    assert.deepEqual(await kinds(failing.port), []);
  } finally {
    await broken.stop();
    await failing.stop();
  }
});

test('a signal ends an inspection', options, async () => {
  const signal = AbortSignal.abort();
  const { lookup } = createDns({ ownAddresses: [], roots: [{ address: '127.0.0.1', port: dns.port }], validators: [] });
  const request = { name: 'example.test' as DomainName, ownership: '_anchor.example.test', path: '/', token: TOKEN };
  const report = await lookup.inspect(request, signal);
  assert.deepEqual([report.exists, report.addresses], [false, []]);
  assert.ok(report.faults.length > 0);
});

test('resolvers are queried instead, where nothing else is reachable', options, async () => {
  const resolver = await ScriptedServer.start((received) => ({
    ...responseTo(received, [{ type: 'A', name: 'far.away.test', data: '127.0.0.1' }]),
    flags: 0,
  }));
  try {
    const report = await inspect('far.away.test', { resolvers: [{ address: '127.0.0.1', port: resolver.port }] });
    assert.deepEqual([report.zone, report.servers, report.a], [undefined, ['127.0.0.1'], ['127.0.0.1']]);
    assert.equal(report.addresses[0]?.outcome, 'ours');
  } finally {
    await resolver.stop();
  }
});
