import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { CertificateStore } from '@anchor/core/ports/certificate-store.ts';
import { fail } from '@anchor/core/result/result.ts';
import { manualClock } from '@anchor/testing/clock.ts';
import { certificateStore } from '@anchor/testing/memory/certificate-store.ts';
import { secretBox } from '@anchor/testing/memory/secret-box.ts';
import { MemoryServedCertificates } from '@anchor/testing/memory/served-certificates.ts';
import { must } from '@anchor/testing/samples.ts';
import { until } from '@anchor/testing/until.ts';
import { Budgets } from './budgets/budgets.ts';
import { createCertificates } from './create-certificates.ts';
import { Line } from './fixtures/line.ts';
import { RefusingCa } from './fixtures/refusing-ca.ts';
import { authorityOf, recordsOf, withPebble, World } from './fixtures/world.ts';
import { newOrder } from './orders/order-record.ts';
import { nameSetId, openTables } from './records/records.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const world = (await World.start({ retryAfterSeconds: 0, blocked: ['blocked.example.com'] }))!;
const refusing = await RefusingCa.start();
after(() => refusing.stop());

test("a CA that says 429 with a day's Retry-After is left alone for that day", withPebble, async () => {
  refusing.refuseWith('rateLimited', 429, '86400');
  const clock = manualClock();
  const { certificates } = await world.open({ authorities: [refusing.settings()], clock });
  const before = refusing.orders;
  must(await certificates.request(['slow.example.com'], 'domain'));
  for (let round = 0; round < 3; round++) {
    await certificates.tick();
    clock.advance(MINUTE);
    must(await certificates.renew('slow.example.com'));
  }
  assert.equal(refusing.orders - before, 1);
  const { failed, certificate } = await certificates.statusOf('slow.example.com');
  assert.equal(certificate, undefined);
  assert.equal(failed?.error.code, 'rate_limited');
  assert.ok(failed.retryAt >= clock.now() + DAY - 4 * MINUTE, new Date(failed.retryAt).toISOString());
  clock.advance(DAY);
  must(await certificates.renew('slow.example.com'));
  await certificates.tick();
  assert.equal(refusing.orders - before, 2);
  await certificates.close();
});

for (const [what, refuse] of [
  ['is over its limit', () => refusing.refuseWith('rateLimited', 429, '86400')],
  ['fails', () => refusing.refuseWith('serverInternal', 500)],
  ['is a page of a proxy', () => void (refusing.refuse = (response) => void response.writeHead(502).end('<html>'))],
  ['refuses the name', () => refusing.refuseWith('rejectedIdentifier', 400)],
] as const)
  test(`the second CA issues at once when the first ${what}`, withPebble, async () => {
    refuse();
    const authorities = [refusing.settings(), authorityOf(world.pebble)];
    const { certificates } = await world.open({ authorities });
    must(await certificates.request(['second.example.com'], 'domain'));
    await certificates.tick();
    const { certificate } = await certificates.statusOf('second.example.com');
    assert.match(certificate?.issuer ?? '', /Pebble/);
    await certificates.close();
  });

test('a CA that is down is replaced by the second, and alone it is retried later', withPebble, async () => {
  const down = { name: 'Down', directoryUrl: 'https://127.0.0.1:1/dir' };
  const { certificates } = await world.open({ authorities: [down, authorityOf(world.pebble)] });
  must(await certificates.request(['down.example.com'], 'domain'));
  await certificates.tick();
  assert.notEqual((await certificates.statusOf('down.example.com')).certificate, undefined);
  await certificates.close();

  const clock = manualClock();
  const alone = await world.open({ authorities: [down], clock });
  must(await alone.certificates.request(['down.example.com'], 'domain'));
  await alone.certificates.tick();
  const { failed } = await alone.certificates.statusOf('down.example.com');
  assert.deepEqual(alone.certificates.orderCounts(), { issued: 0, issueFailures: 1, renewed: 0, renewalFailures: 0 });
  assert.equal(failed?.error.code, 'source_unreachable');
  assert.match(failed.error.cause ?? '', /ECONNREFUSED/);
  assert.equal(failed.retryAt, clock.now() + MINUTE);
  await alone.certificates.close();
});

test('an order whose CA is cut off half-way is continued, and no second one is placed', withPebble, async () => {
  const clock = manualClock();
  const line = await Line.start(Number(new URL(world.pebble.directoryUrl).port));
  const publish = world.edge.publishChallenge.bind(world.edge);
  try {
    const authority = { ...authorityOf(world.pebble), directoryUrl: `https://127.0.0.1:${line.port}/dir` };
    const { certificates } = await world.open({ clock, authorities: [authority] });
    const before = world.pebble.counts.orders;
    world.edge.publishChallenge = async (challenge) => {
      line.cut();
      await publish(challenge);
    };
    must(await certificates.request(['cut.example.com'], 'domain'));
    await certificates.tick();
    const { failed, order } = await certificates.statusOf('cut.example.com');
    assert.equal(failed?.error.code, 'source_unreachable');
    assert.equal(order?.step, 'challenge');
    world.edge.publishChallenge = publish;
    line.restore();
    clock.advance(failed.retryAt - clock.now());
    await until('the order is done', async () => {
      await certificates.tick();
      return (await certificates.statusOf('cut.example.com')).certificate !== undefined;
    });
    assert.equal(world.pebble.counts.orders - before, 1);
    await certificates.close();
  } finally {
    world.edge.publishChallenge = publish;
    await line.stop();
  }
});

test(
  'an order whose response was lost is found at the CA that lists orders, and no second one is placed',
  withPebble,
  async () => {
    const clock = manualClock(Date.now());
    const ca = await world.anotherCa({ nonceFaults: 0, retryAfterSeconds: 0 });
    const line = await Line.start(Number(new URL(ca.directoryUrl).port));
    const store = certificateStore();
    let lose = false;
    const watched: CertificateStore = {
      ...store,
      put: async (record) => {
        if (lose && record.kind === 'order' && record.doc.includes('"placing"')) line.loseResponses();
        return store.put(record);
      },
    };
    try {
      const authority = { ...authorityOf(ca), directoryUrl: `https://127.0.0.1:${line.port}/dir` };
      const { certificates } = await world.open({ clock, store: watched, authorities: [authority] });
      must(await certificates.request(['known.example.com'], 'domain'));
      await certificates.tick();
      // Reads the renewal information, which is then not what the line loses.
      await certificates.tick();
      const before = ca.counts.orders;
      lose = true;
      must(await certificates.request(['lost.example.com'], 'domain'));
      await certificates.tick();
      const { failed } = await certificates.statusOf('lost.example.com');
      assert.equal(failed?.error.code, 'source_unreachable');
      await until('the CA has the order', () => ca.counts.orders - before === 1);
      lose = false;
      line.restore();
      clock.advance(failed.retryAt - clock.now());
      await until('the order is done', async () => {
        await certificates.tick();
        return (await certificates.statusOf('lost.example.com')).certificate !== undefined;
      });
      assert.equal(ca.counts.orders - before, 1);
      await certificates.close();
    } finally {
      await line.stop();
      await ca.stop();
    }
  },
);

test('an order that a crash may have sent to a CA that lists none counts beside the one sent after it', async () => {
  refusing.refuseWith('serverInternal', 500);
  const [store, names, now] = [certificateStore(), ['crashed.example.com'], Date.now()];
  const tables = openTables(store, assert.fail);
  await tables.orders.insert(nameSetId(names), { ...newOrder(names, 'domain', 'Refusing CA', now), step: 'placing' });
  await new Budgets(tables.budgets).reserve(
    { authority: 'Refusing CA', set: nameSetId(names), names, domains: ['example.com'], renewal: false },
    now,
  );
  const before = refusing.orders;
  const certificates = await createCertificates({
    store,
    secrets: secretBox(),
    served: new MemoryServedCertificates(),
    clock: manualClock(now),
    authorities: [refusing.settings()],
  });
  try {
    await certificates.tick();
    assert.equal(refusing.orders - before, 1);
    const counted = await tables.budgets.get('Refusing CA/orders/');
    assert.equal(counted?.value.times.length, 2);
  } finally {
    await certificates.close();
  }
});

test('an order whose CA stays cut off half-way is placed at the second CA within two hours', withPebble, async () => {
  const clock = manualClock();
  const line = await Line.start(Number(new URL(world.pebble.directoryUrl).port));
  const publish = world.edge.publishChallenge.bind(world.edge);
  try {
    const first = { ...authorityOf(world.pebble), name: 'First', directoryUrl: `https://127.0.0.1:${line.port}/dir` };
    const { certificates } = await world.open({ clock, authorities: [first, authorityOf(world.pebble)] });
    world.edge.publishChallenge = async (challenge) => {
      line.cut();
      await publish(challenge);
    };
    must(await certificates.request(['moved.example.com'], 'domain'));
    const start = clock.now();
    await until('the second CA issues', async () => {
      await certificates.tick();
      const { certificate, failed } = await certificates.statusOf('moved.example.com');
      if (failed !== undefined) clock.advance(Math.max(failed.retryAt - clock.now(), 0));
      return certificate !== undefined;
    });
    assert.ok(clock.now() - start < 120 * MINUTE, `${(clock.now() - start) / MINUTE} minutes`);
    await certificates.close();
  } finally {
    world.edge.publishChallenge = publish;
    await line.stop();
  }
});

test(
  'a name that leads elsewhere is retried three times an hour and not more, with the reason kept',
  withPebble,
  async () => {
    await world.dns.setAddresses('elsewhere.example.com', 'a', ['127.0.0.2']);
    const clock = manualClock();
    const { certificates } = await world.open({ clock });
    const before = world.pebble.counts.orders;
    must(await certificates.request(['elsewhere.example.com'], 'domain'));
    for (let minute = 0; minute < 59; minute++) {
      await certificates.renew('elsewhere.example.com');
      await certificates.tick();
      clock.advance(MINUTE);
    }
    assert.equal(world.pebble.counts.orders - before, 3);
    const { failed } = await certificates.statusOf('elsewhere.example.com');
    assert.equal(failed?.error.code, 'verification_failed');
    assert.match(failed.error.message, /elsewhere\.example\.com/);
    assert.match(failed.error.fix, /anchor domains check elsewhere\.example\.com/);
    await certificates.close();
  },
);

test('another challenge is tried after one failed', withPebble, async () => {
  const clock = manualClock();
  const { certificates } = await world.open({ clock });
  // Nothing is served by http-01: the application responds itself.
  const publish = world.edge.publishChallenge.bind(world.edge);
  world.edge.publishChallenge = async (challenge) => {
    if (challenge.kind === 'alpn') await publish(challenge);
  };
  must(await certificates.request(['app.example.com'], 'domain'));
  await certificates.tick();
  assert.match((await certificates.statusOf('app.example.com')).failed?.error.message ?? '', /does not lead to this/);
  clock.advance(2 * MINUTE);
  must(await certificates.renew('app.example.com'));
  await certificates.tick();
  assert.notEqual((await certificates.statusOf('app.example.com')).certificate, undefined);
  world.edge.publishChallenge = publish;
  await certificates.close();
});

test('a CAA record that forbids says which record to add', withPebble, async () => {
  // Pebble does not check CAA.
  refusing.refuseWith('caa', 403);
  const { certificates } = await world.open({ authorities: [refusing.settings()] });
  must(await certificates.request(['caa.example.com'], 'domain'));
  await certificates.tick();
  const { failed } = await certificates.statusOf('caa.example.com');
  assert.equal(failed?.error.fix, 'Add the DNS record: caa.example.com CAA 0 issue "refusing.example"');
  await certificates.close();
});

test('requests at the same moment for one set of names make one order', withPebble, async () => {
  const { certificates } = await world.open();
  const before = world.pebble.counts.orders;
  const sets = [
    ['a.one.example.com', 'b.one.example.com'],
    ['B.one.example.com', 'a.one.example.com', 'a.one.example.com'],
  ];
  const requests = Array.from({ length: 40 }, (_, index) => certificates.request(sets[index % 2]!, 'domain'));
  for (const each of await Promise.all(requests)) must(each);
  await certificates.tick();
  must(await certificates.request(sets[0]!, 'domain'));
  await certificates.tick();
  assert.equal(world.pebble.counts.orders - before, 1);
  await certificates.close();
});

test('a clock that is two days ahead changes nothing but a warning', withPebble, async () => {
  const clock = { now: () => Date.now() + 2 * DAY };
  const { certificates } = await world.open({ clock });
  must(await certificates.request(['late.example.com'], 'domain'));
  await certificates.tick();
  assert.notEqual((await certificates.statusOf('late.example.com')).certificate, undefined);
  assert.ok(Math.abs(certificates.clockSkewMs() - 2 * DAY) < MINUTE, String(certificates.clockSkewMs()));
  await certificates.close();
});

test('what no CA can verify here is refused before an order', withPebble, async () => {
  const { certificates } = await world.open();
  for (const names of [['*.example.com'], ['demo.localhost'], [], ['demo.localhost', 'example.com']])
    assert.equal((await certificates.request(names, 'domain')).ok, false, names.join());
  await certificates.close();
  const none = await world.open({ authorities: [] });
  assert.equal(none.certificates.canIssue('example.com').ok, false);
  await none.certificates.close();
});

test(
  'an order whose DNS challenge could not be written is retried soon, and on demand at once',
  withPebble,
  async () => {
    const clock = manualClock();
    const refusal = fail('source_refused', 'No DNS provider is configured for x', 'Add its zone.');
    const name = '*.soon.example.com';
    const writable = recordsOf(world.dns);
    let isWritable = true;
    const canWrite = async (record: string) => (isWritable ? writable.canWrite(record) : refusal);
    const { certificates } = await world.open({ dns: { ...writable, zoneOf: () => undefined, canWrite }, clock });
    must(await certificates.request([name], 'domain'));
    isWritable = false;
    await certificates.tick();
    const { failed } = await certificates.statusOf(name);
    assert.equal(failed?.error.message, 'No DNS provider is configured for x');
    assert.equal(failed.retryAt, clock.now() + MINUTE);
    isWritable = true;
    must(await certificates.renew(name));
    await certificates.tick();
    assert.deepEqual((await certificates.statusOf(name)).certificate?.names, [name]);
    await certificates.close();
  },
);
