import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode, TRUNCATED_RESPONSE } from 'dns-packet';
import fc from 'fast-check';
import { responseTo, ScriptedServer, type Script } from '../fixtures/scripted-server.ts';
import { DnsClient } from './dns-client.ts';
import { encodeQuery, readResponse } from './message.ts';

const client = new DnsClient({ timeoutMs: 150, tries: 2 });
const A = { type: 'A', name: 'www.example.test', data: '192.0.2.1' } as const;

async function run(
  script: Script,
): Promise<Readonly<{ result: Awaited<ReturnType<DnsClient['query']>>; log: readonly string[] }>> {
  const server = await ScriptedServer.start(script);
  try {
    const result = await client.query({ address: '127.0.0.1', port: server.port }, { name: A.name, type: 'A' });
    return { result, log: server.log };
  } finally {
    await server.stop();
  }
}
const address = ({ result }: Awaited<ReturnType<typeof run>>): unknown =>
  result.ok ? result.value.records.map((record) => (record.type === 'A' ? record.data : record.type)) : result.error;

test('a truncated response is repeated over TCP', async () => {
  const outcome = await run((received) =>
    received.over === 'tcp' ? responseTo(received, [A]) : { ...responseTo(received), flags: TRUNCATED_RESPONSE },
  );
  assert.deepEqual(address(outcome), ['192.0.2.1']);
  assert.deepEqual(outcome.log, ['www.example.test A udp', 'www.example.test A tcp']);
});

test('a response with another id, question or type is ignored, and the right one behind it is read', async () => {
  const forged = { ...A, data: '198.51.100.66' };
  const outcome = await run((received) => [
    { ...responseTo(received, [forged]), id: ((received.query.id ?? 0) + 1) & 0xffff },
    { ...responseTo(received, [forged]), questions: [{ name: 'other.test', type: 'A' }] },
    { ...responseTo(received, [forged]), questions: [{ name: received.query.questions![0]!.name, type: 'AAAA' }] },
    Buffer.alloc(3),
    responseTo(received, [A]),
  ]);
  assert.deepEqual(address(outcome), ['192.0.2.1']);
});

test('many forged responses end the use of UDP', async () => {
  const outcome = await run((received) =>
    received.over === 'tcp'
      ? responseTo(received, [A])
      : Array.from({ length: 40 }, (_, at) => ({
          ...responseTo(received),
          id: ((received.query.id ?? 0) + 1 + at) & 0xffff,
        })),
  );
  assert.deepEqual(address(outcome), ['192.0.2.1']);
});

test('a server that changes the case of the name is queried over TCP', async () => {
  const lower = (name: string): string => (name === name.toLowerCase() ? name.toUpperCase() : name.toLowerCase());
  const outcome = await run((received) =>
    received.over === 'tcp'
      ? responseTo(received, [A])
      : { ...responseTo(received, [A]), questions: [{ name: lower(received.query.questions![0]!.name), type: 'A' }] },
  );
  assert.deepEqual(address(outcome), ['192.0.2.1']);
});

test('a server that does not know EDNS is queried without', async () => {
  const outcome = await run((received) =>
    (received.query.additionals ?? []).length > 0 ? responseTo(received, [], 1) : responseTo(received, [A]),
  );
  assert.deepEqual(address(outcome), ['192.0.2.1']);
});

test('a server that does not respond is queried twice', async () => {
  const outcome = await run(() => undefined);
  assert.equal(address(outcome), 'timeout');
  assert.equal(outcome.log.length, 2);
});

test('a port that nothing listens on is reported at once', async () => {
  const server = await ScriptedServer.start(() => undefined);
  await server.stop();
  const result = await client.query({ address: '127.0.0.1', port: server.port }, { name: 'a.test', type: 'A' });
  assert.deepEqual(result, { ok: false, error: 'refused' });
});

test('a TCP response of more than 16 KB is not read', async () => {
  const outcome = await run((received) =>
    received.over === 'tcp' ? Buffer.alloc(20_000) : { ...responseTo(received), flags: TRUNCATED_RESPONSE },
  );
  assert.equal(address(outcome), 'too_large');
});

test('records of names with odd characters, or of another class, are dropped', async () => {
  const odd = [
    { ...A, name: 'a\u0000b.example.test' },
    { ...A, class: 'CH' as const },
  ];
  assert.deepEqual(address(await run((received) => responseTo(received, [...odd, A]))), ['192.0.2.1']);
});

test('hostile bytes are read without an exception', () => {
  const query = encodeQuery({ name: 'www.example.test', type: 'A' }, {}, true);
  const valid = encode({
    ...responseTo({ query: { id: query.id, questions: [query.question] } as never, over: 'udp', bytes: query.bytes }, [
      A,
      { type: 'CAA', name: A.name, data: { flags: 0, tag: 'issue', value: 'ca.test' } },
      { type: 'TXT', name: A.name, data: ['a', 'b'] },
      { type: 'CNAME', name: A.name, data: 'b.test' },
      { type: 'NS', name: A.name, data: 'ns.b.test' },
      { type: 'AAAA', name: A.name, data: '2001:db8::1' },
    ]),
  });
  const mutation = fc.record({ at: fc.nat({ max: valid.length - 1 }), value: fc.nat({ max: 255 }) });
  fc.assert(
    fc.property(
      fc.array(mutation, { maxLength: 12 }),
      fc.nat({ max: valid.length }),
      fc.uint8Array({ maxLength: 40 }),
      (mutations, cut, tail) => {
        const bytes = Buffer.concat([valid.subarray(0, cut), tail]);
        for (const { at, value } of mutations) if (at >= 2 && at < bytes.length) bytes[at] = value;
        const received = readResponse(bytes, query);
        if (received.kind === 'match')
          for (const record of received.message.records) assert.match(record.name, /^[a-z0-9_.*-]*$/);
      },
    ),
    { numRuns: 3000 },
  );
});

test('a chain of pointers as long as a message may be costs little', () => {
  const query = encodeQuery({ name: '', type: 'NS' }, {}, false);
  const chain = Buffer.alloc(8000);
  // Behind header and question: pointers that each lead to the one before, and records whose names lead to the last.
  const start = 17;
  for (let at = 2; at < chain.length; at += 2) chain.writeUInt16BE(0xc000 | ((start + at - 2) & 0x3fff), at);
  const record = Buffer.alloc(12);
  record.writeUInt16BE(0xc000 | (start + chain.length - 2), 0);
  record.writeUInt16BE(99, 2);
  const head = Buffer.concat([query.bytes.subarray(0, 12), Buffer.from([0, 0, 2, 0, 1])]);
  head.writeUInt16BE(0x8000, 2);
  head.writeUInt16BE(600, 6);
  const bytes = Buffer.concat([head, chain, ...Array.from({ length: 600 }, () => record)]);
  assert.ok(['match', 'malformed'].includes(readResponse(bytes, query).kind));
});
