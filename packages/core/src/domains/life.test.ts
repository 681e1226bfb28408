import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDemo } from '@anchor/testing/deployments.ts';
import { memoryHome } from '@anchor/testing/memory/home.ts';
import { must, sampleProject } from '@anchor/testing/samples.ts';
import { rollback } from '../deployments/rollback.ts';
import type { DomainName } from '../names/name.ts';
import { removeProject } from '../projects/remove-project.ts';
import { anchorError, fail } from '../result/result.ts';
import { addDomain, type DomainInput } from './add-domain.ts';
import { checkDomain } from './check-domain.ts';
import { followOne } from './domain-aliases.ts';
import { hostOf } from './domain-name.ts';
import { canMoveDomain, DOMAIN_STATES, type Domain } from './domain.ts';
import { HELD_MS, ownershipValue } from './ownership.ts';
import { uploadCertificate } from './project-certificates.ts';
import { removeDomain } from './remove-domain.ts';
import { publishDomains } from './served-domains.ts';

const NAME = 'shop.example' as DomainName;
const HERE = '203.0.113.7';

function setUp() {
  const base = memoryHome();
  const home = { ...base, site: { ...base.site, publicAddresses: [HERE] } };
  const project = sampleProject();
  return {
    home,
    project,
    async add(input: Partial<DomainInput> = {}, of = project): Promise<Domain> {
      await home.projects.insert(of);
      return must(await addDomain(home)(of, { name: NAME, ...input })).domain;
    },
    check: async (domain: Domain): Promise<Domain> => must(await checkDomain(home)(domain.id)),
  };
}

test('a domain goes from pending over wrong DNS and issuing to active, and keeps its events', async () => {
  const { home, add, check } = setUp();
  const added = await add();
  assert.equal(added.state, 'pending');
  const wrong = await check(added);
  assert.equal(wrong.state, 'dns_wrong');
  assert.match(wrong.reason, /does not exist/);
  assert.deepEqual(wrong.steps[0]?.record, { type: 'A', name: NAME, value: HERE, now: [] });
  home.dns.set(NAME, {});
  const issuing = await check(wrong);
  assert.equal(issuing.state, 'issuing');
  assert.deepEqual(home.certificates.orders, [NAME]);
  home.certificates.issue(NAME);
  const active = await check(issuing);
  assert.equal(active.state, 'active');
  assert.equal(active.steps.length, 0);
  assert.deepEqual(
    active.events.map(({ state }) => state),
    ['pending', 'dns_wrong', 'issuing', 'active'],
  );
  assert.deepEqual(home.served.current().domains, [{ name: NAME, httpsOnly: true, hstsSeconds: 0 }]);
});

test("the platform's own names are published: those of projects where they have HTTPS", async () => {
  const { home } = setUp();
  const namesAt = async (site: Partial<typeof home.site>): Promise<readonly string[]> => {
    await publishDomains({ ...home, site: { ...home.site, domain: 'apps.example', ...site } })();
    assert.ok(home.served.current().domains.every(({ httpsOnly, hstsSeconds }) => httpsOnly && hstsSeconds === 0));
    return home.served.current().domains.map(({ name }) => name);
  };
  assert.deepEqual(await namesAt({}), []);
  assert.deepEqual(await namesAt({ ownHttps: true, apiDomain: 'api.example' }), ['api.example', '*.apps.example']);
});

test('a clock that is days wrong is named with its fix, whatever state the domain is in', async () => {
  const { home, add, check } = setUp();
  home.certificates.skewMs = 2 * 86_400_000 + 5;
  const wrong = await check(await add());
  assert.match(wrong.reason, /does not exist. The clock of this server is 2 days ahead of that of the CA$/);
  assert.match(wrong.steps.at(-1)?.text ?? '', /timedatectl set-ntp true/);
  home.dns.set(NAME, {});
  home.certificates.skewMs = -3 * 3_600_000;
  const issuing = await check(wrong);
  home.certificates.issue(NAME);
  const active = await check(issuing);
  assert.match(active.reason, /Test CA.*3 hours behind that of the CA$/);
  home.certificates.skewMs = 60_000;
  assert.doesNotMatch((await check(active)).reason, /clock/);
});

test('checks follow after 10 s, 30 s, 1, 2 and 5 minutes', async () => {
  const { home, add, check } = setUp();
  let domain = await add();
  const delays: number[] = [];
  for (let round = 0; round < 5; round++) {
    domain = await check(domain);
    delays.push(((domain.nextCheckAt ?? 0) - home.clock.now()) / 1_000);
  }
  assert.deepEqual(delays, [10, 30, 60, 120, 300]);
});

test('a check on demand is followed by others soon, as after the first one', async () => {
  const { home, add, check } = setUp();
  let domain = await check(await add());
  for (let i = 0; i < 5; i++) domain = await check(domain);
  const now = home.clock.now();
  assert.equal(domain.nextCheckAt, now + 10 * 60_000);
  const soon = must(await checkDomain(home)(domain.id, true));
  assert.equal(soon.nextCheckAt, now + 10_000);
  assert.equal((await check(soon)).nextCheckAt, now + 30_000);
});

test('a wrong AAAA beside a right A is named, with the record to remove', async () => {
  const { home, add, check } = setUp();
  home.dns.set(NAME, { a: [HERE], aaaa: ['2001:db8::9'] });
  const domain = await check(await add());
  assert.equal(domain.state, 'dns_wrong');
  assert.match(domain.reason, /AAAA record 2001:db8::9/);
  assert.match(domain.steps[0]?.text ?? '', /^Remove the AAAA record 2001:db8::9/);
  assert.deepEqual(domain.steps[0]?.record?.now, ['2001:db8::9']);
});

test('a CAA record that forbids every CA is named before any order', async () => {
  const { home, add, check } = setUp();
  home.dns.set(NAME, {
    caa: { at: 'example', records: [{ critical: false, tag: 'issue', value: 'other.test' }] },
  });
  const domain = await check(await add());
  assert.equal(domain.state, 'dns_wrong');
  assert.match(domain.reason, /CAA record at example allows other\.test only/);
  assert.equal(domain.steps[0]?.record?.value, '0 issue "ca.test"');
  assert.deepEqual(home.certificates.orders, []);
});

test('a CDN that redirects the check is named with its own setting', async () => {
  const { home, add, check } = setUp();
  const address = '104.16.0.1';
  home.dns.set(NAME, {
    a: [address],
    cdn: 'Cloudflare',
    addresses: [{ address, outcome: 'redirected', location: `https://${NAME}/`, cdn: 'Cloudflare' }],
  });
  const domain = await check(await add());
  assert.match(domain.reason, /is behind Cloudflare, which redirects/);
  assert.match(domain.steps[0]?.text ?? '', /set SSL\/TLS to Full/);
});

test('a closed port, a private address and broken DNSSEC each have their own fix', async () => {
  const { home, add, check } = setUp();
  let domain = await add();
  home.dns.set(NAME, { addresses: [{ address: HERE, outcome: 'timeout' }] });
  domain = await check(domain);
  assert.match(domain.steps[0]?.text ?? '', /^Open ports 80 and 443/);
  home.dns.set(NAME, { a: ['10.0.0.1'], addresses: [{ address: '10.0.0.1', outcome: 'private' }] });
  domain = await check(domain);
  assert.match(domain.reason, /private address/);
  home.dns.set(NAME, { faults: [{ kind: 'dnssec', text: 'no valid signature' }] });
  domain = await check(domain);
  assert.match(domain.steps[0]?.text ?? '', /remove the DS record/);
});

test("another project's name needs the TXT record, and the name changes hands with it", async () => {
  const { home, add, check } = setUp();
  home.dns.set(NAME, {});
  const first = await check(await add());
  must(await home.certificates.upload(NAME, 'a key that the loser knows'));
  const rival = sampleProject();
  const claim = await check(await add({}, rival));
  assert.equal(claim.state, 'unverified');
  assert.deepEqual(claim.steps[0]?.record, {
    type: 'TXT',
    name: '_anchor.shop.example',
    value: ownershipValue(rival.id),
    now: [],
  });
  home.dns.set(NAME, { ownership: ['unrelated', ownershipValue(rival.id)] });
  const won = await check(claim);
  assert.equal(won.holder, true);
  assert.equal(won.state, 'issuing');
  assert.equal((await home.domains.get(first.id))?.state, 'removed');
  assert.equal((await home.certificates.statusOf(NAME)).certificate, undefined);
});

test('a name below another project needs the TXT record, and wildcards always do', async () => {
  const { home, add } = setUp();
  await add();
  const rival = sampleProject();
  assert.equal((await add({ name: `api.${NAME}` }, rival)).state, 'unverified');
  assert.equal((await add({ name: 'other.example' }, rival)).state, 'pending');
  assert.equal((await add({ name: '*.mine.example' }, rival)).state, 'unverified');
  assert.equal((await home.domains.holders()).length, 2);
});

test('another name of a registered domain needs the TXT record while another project has one, and 30 days on', async () => {
  const { home, project, add } = setUp();
  await add({ name: 'app.customer.com' });
  const rival = sampleProject();
  for (const name of ['other.customer.com', 'customer.com', 'x.app.customer.com'])
    assert.equal((await add({ name }, rival)).state, 'unverified', name);
  assert.equal((await add({ name: 'www.customer.com' })).state, 'pending', 'the same project');
  assert.equal((await add({ name: 'customer.org' }, rival)).state, 'pending', 'another registered domain');
  for (const name of ['app.customer.com', 'www.customer.com'])
    must(await removeDomain(home)(project.id, name as DomainName));
  assert.equal((await add({ name: 'late.customer.com' }, rival)).state, 'unverified');
  home.clock.advance(HELD_MS + 1);
  assert.equal((await add({ name: 'later.customer.com' }, rival)).state, 'pending');
});

test('two projects that add sibling names at the same moment: one of them has to prove that it owns them', async () => {
  const { home, project } = setUp();
  const other = sampleProject();
  for (const each of [project, other]) await home.projects.insert(each);
  const added = await Promise.all([
    addDomain(home)(project, { name: `www.${NAME}` }),
    addDomain(home)(other, { name: NAME }),
  ]);
  const domains = added.map((result) => must(result).domain);
  assert.deepEqual(
    domains.map(({ holder, state, ownership }) => [holder, state, ownership.required]),
    [
      [true, 'pending', false],
      [false, 'unverified', true],
    ],
  );
});

test('a name that has to be proven shows the TXT record and the address to set together', async () => {
  const { home, project, add, check } = setUp();
  const other = sampleProject();
  await add();
  const claim = await check(await add({ name: `www.${NAME}` }, other));
  assert.equal(claim.state, 'unverified');
  assert.deepEqual(
    claim.steps.map(({ record }) => [record?.type, record?.name, record?.value]),
    [
      ['TXT', `_anchor.${NAME}`, ownershipValue(other.id)],
      ['A', `www.${NAME}`, HERE],
    ],
  );
  home.dns.set(`www.${NAME}`, {});
  assert.equal((await check(claim)).steps.length, 1, 'the address leads here by now');
  assert.equal((await home.domains.list(project.id, { limit: 9 })).items.length, 1);
});

test('a removed name goes to no other project for 30 days, and to its own at once', async () => {
  const { home, project, add } = setUp();
  await add();
  must(await removeDomain(home)(project.id, NAME));
  assert.equal((await add({}, sampleProject())).state, 'unverified', 'dangling DNS');
  assert.equal((await add()).state, 'pending', 'its own project');
  must(await removeDomain(home)(project.id, NAME));
  home.clock.advance(HELD_MS + 1);
  assert.equal((await add({}, sampleProject())).state, 'pending');
});

test('a removed domain leaves no token of its check, also where another project holds the name', async () => {
  const { home, project, add, check } = setUp();
  home.dns.set(NAME, {});
  await check(await add());
  const rival = sampleProject();
  await check(await add({}, rival));
  must(await removeDomain(home)(rival.id, NAME));
  assert.deepEqual(home.served.current().pending, [NAME]);
  must(await removeDomain(home)(project.id, NAME));
  assert.deepEqual(home.served.current().pending, []);
});

test('a claim that failed holds no name, and one that succeeded before still does', async () => {
  const { home, project, add } = setUp();
  const rival = sampleProject();
  await add();
  await add({}, rival);
  must(await removeDomain(home)(rival.id, NAME));
  must(await removeDomain(home)(project.id, NAME));
  assert.equal((await add()).state, 'pending');
  must(await removeDomain(home)(project.id, NAME));
  assert.equal((await add({}, rival)).state, 'unverified');
  must(await removeDomain(home)(rival.id, NAME));
  assert.equal((await add({}, sampleProject())).state, 'unverified');
});

test('a domain that has visitors follows its environment, also once its DNS is wrong', async () => {
  const { home, project, push, build } = await startDemo();
  home.certificates.hasAuthority = false;
  await build(await push(1));
  home.dns.set(NAME, {});
  const { domain } = must(await addDomain(home)(project, { name: NAME }));
  assert.equal(must(await checkDomain(home)(domain.id)).state, 'active');
  home.dns.set(NAME, { a: [], aaaa: [] });
  assert.equal(must(await checkDomain(home)(domain.id)).state, 'dns_wrong');
  const second = await push(2);
  await build(second);
  assert.equal((await home.aliases.get(hostOf(NAME)))?.deploymentId, second);
});

test('a deployment that listed a domain before its removal leaves no alias of it', async () => {
  const { home, project, push, build } = await startDemo();
  await build(await push(1));
  home.dns.set(NAME, {});
  const { domain } = must(await addDomain(home)(project, { name: NAME }));
  const held = must(await checkDomain(home)(domain.id));
  must(await removeDomain(home)(project.id, NAME));
  must(await followOne(home)(project, held));
  assert.equal(await home.aliases.get(hostOf(NAME)), undefined);
});

test('the removal of a domain that was taken over leaves its new owner alone', async () => {
  const { home, project, add, check } = setUp();
  home.dns.set(NAME, {});
  await check(await add());
  const rival = sampleProject();
  const claim = await add({}, rival);
  home.dns.set(NAME, { ownership: [ownershipValue(rival.id)] });
  const { domains } = home;
  // The listing of the removal is read before, its writes come after.
  const list: typeof domains.list = async (id, page) => {
    const before = await domains.list(id, page);
    await check(claim);
    return before;
  };
  must(await removeDomain({ ...home, domains: { ...domains, list } })(project.id, NAME));
  assert.equal((await domains.get(claim.id))?.holder, true);
  assert.ok(home.certificates.orders.includes(NAME));
});

test('the new owner of a name is not served with what the one before has uploaded', async () => {
  const { home, add, check } = setUp();
  home.dns.set(NAME, {});
  await check(await add());
  must(await home.certificates.upload(NAME, ''));
  const record = (await home.domains.byName(NAME))[0] ?? assert.fail();
  // Removed while its certificate, which is for several names, stays.
  await home.domains.replace({ ...record, state: 'removed', holder: false, removedAt: 0, version: record.version + 1 });
  const next = sampleProject();
  assert.equal((await check(await add({}, next))).state, 'issuing');
  assert.equal((await home.certificates.statusOf(NAME)).certificate, undefined);
});

test('an uploaded certificate is for held domains of its project alone, also when one changes hands meanwhile', async () => {
  const { home, add, check, project } = setUp();
  const other = sampleProject();
  const added = await add();
  const upload = (names: readonly string[], id = project.id) => uploadCertificate(home)(id, names.join('\n'), 'key');
  for (const foreign of [`www.${NAME}`, `*.${NAME}`, 'other.example']) {
    const refused = await upload([NAME, foreign]);
    assert.ok(!refused.ok && refused.error.message.includes(`also for ${foreign},`), foreign);
  }
  await add({}, other);
  assert.equal((await upload([NAME], other.id)).ok, false, 'a claim is no domain yet');
  assert.equal((await home.certificates.list()).length, 0);
  const claim = (await home.domains.byName(NAME)).find(({ projectId }) => projectId === other.id);
  assert.ok(claim !== undefined);
  home.dns.set(NAME, { ownership: [ownershipValue(other.id)] });
  const { upload: store } = home.certificates;
  const certificates = {
    ...home.certificates,
    upload: async (...pem: Parameters<typeof store>) => {
      await check(claim);
      return store(...pem);
    },
  };
  const late = await uploadCertificate({ ...home, certificates })(project.id, NAME, 'key');
  assert.ok(!late.ok && late.error.code === 'invalid_input');
  assert.equal((await home.certificates.list()).filter(({ origin }) => origin === 'upload').length, 0);
  assert.equal((await home.domains.get(added.id))?.holder, false);
});

test('an upload for several domains is removed with the last of them', async () => {
  const { home, project, add } = setUp();
  const names = [NAME, `www.${NAME}`, `api.${NAME}`] as DomainName[];
  for (const name of names) await add({ name });
  must(await home.certificates.upload(names.slice(0, 2).join('\n'), 'key'));
  must(await removeDomain(home)(project.id, names[0]!));
  assert.equal((await home.certificates.list()).length, 1, 'the second one uses it');
  must(await removeDomain(home)(project.id, names[1]!));
  assert.deepEqual(await home.certificates.list(), []);
});

test('a wildcard serves no site of its own, so nothing redirects to it', async () => {
  const { home, project, add } = setUp();
  await add({ name: '*.example.com' });
  const refused = await addDomain(home)(project, { name: 'example.com', redirectTo: '*.example.com' });
  assert.ok(!refused.ok && refused.error.code === 'invalid_input');
});

test('removing a project holds its domains as if each was removed', async () => {
  const { home, project, add } = setUp();
  await add();
  must(await removeProject(home)(project.id));
  assert.equal((await add({}, sampleProject())).state, 'unverified');
});

test('apex and www: the other is suggested, redirects to the canonical one, and keeps it from being removed', async () => {
  const { home, project, add, check } = setUp();
  await home.projects.insert(project);
  const apex = must(await addDomain(home)(project, { name: 'example.com' }));
  assert.equal(apex.suggested, 'www.example.com');
  const www = must(await addDomain(home)(project, { name: 'www.example.com', redirectTo: 'example.com' }));
  assert.equal(www.suggested, undefined);
  home.dns.set('www.example.com', {});
  await check(www.domain);
  assert.deepEqual(home.served.current().domains, [
    { name: 'www.example.com', redirectTo: 'example.com', httpsOnly: false, hstsSeconds: 0 },
  ]);
  const refused = await removeDomain(home)(project.id, 'example.com' as DomainName);
  assert.ok(!refused.ok && refused.error.code === 'conflict');
  for (const redirectTo of ['www.example.com', 'unknown.example', 'example.org'])
    assert.equal((await addDomain(home)(project, { name: 'a.example.com', redirectTo })).ok, false);
  void add;
});

test('Strict-Transport-Security is off until the certificate was renewed once', async () => {
  const { home, add, check } = setUp();
  home.dns.set(NAME, {});
  let domain = await check(await add());
  home.certificates.issue(NAME);
  domain = await check(domain);
  assert.equal(home.served.current().domains[0]?.hstsSeconds, 0);
  home.certificates.issue(NAME);
  domain = await check(domain);
  assert.equal(domain.state, 'active');
  assert.equal(home.served.current().domains[0]?.hstsSeconds, 31_536_000);
});

test('a failed order says why, and when it is retried', async () => {
  const { home, add, check } = setUp();
  home.dns.set(NAME, {});
  const issuing = await check(await add());
  const retryAt = home.clock.now() + 5_000;
  home.certificates.refuse(NAME, {
    error: anchorError('rate_limited', 'The CA is busy', 'Wait until tomorrow.', '429'),
    at: home.clock.now(),
    retryAt,
  });
  const failed = await check(issuing);
  assert.equal(failed.state, 'failed');
  assert.equal(failed.reason, 'No certificate: The CA is busy: 429');
  assert.equal(failed.steps[0]?.text, 'Wait until tomorrow.');
  assert.equal(failed.nextCheckAt, retryAt);
});

test('wrong DNS leaves a valid certificate active with a warning, and expires with it', async () => {
  const { home, add, check } = setUp();
  home.dns.set(NAME, {});
  let domain = await check(await add());
  home.certificates.issue(NAME, 10_000);
  home.dns.set(NAME, { a: ['198.51.100.1'] });
  domain = await check(domain);
  assert.equal(domain.state, 'active');
  assert.match(domain.reason, /198\.51\.100\.1, not to this server/);
  home.clock.advance(20_000);
  domain = await check(domain);
  assert.equal(domain.state, 'expired');
  assert.equal(home.served.current().domains[0]?.httpsOnly, false);
});

test('without a CA a domain is served over plain HTTP, and a wildcard without a provider fails with the fix', async () => {
  const { home, project, add, check } = setUp();
  home.certificates.hasAuthority = false;
  home.dns.set(NAME, {});
  assert.equal((await check(await add())).state, 'active');
  home.certificates.hasAuthority = true;
  home.certificates.hasProvider = false;
  home.dns.set('*.wild.example', { ownership: [ownershipValue(project.id)] });
  const wild = await check(await add({ name: '*.wild.example' }));
  assert.equal(wild.state, 'failed');
  assert.match(wild.steps[0]?.text ?? '', /--dns-providers/);
});

test('a domain serves what its environment serves, through deployments and rollbacks', async () => {
  const { home, project, push, build } = await startDemo();
  const first = await push(1);
  await build(first);
  home.dns.set(NAME, {});
  const { domain } = must(await addDomain(home)(project, { name: NAME }));
  const serves = async () => (await home.aliases.get(hostOf(NAME)))?.deploymentId;
  assert.equal(await serves(), undefined);
  must(await checkDomain(home)(domain.id));
  assert.equal(await serves(), first);
  const second = await push(2);
  await build(second);
  assert.equal(await serves(), second);
  must(await rollback(home)({ projectId: project.id }));
  assert.equal(await serves(), first);
  must(await removeDomain(home)(project.id, NAME));
  assert.equal(await serves(), undefined);
});

test('every state that a check can find may follow every other one', () => {
  const found = DOMAIN_STATES.filter((state) => state !== 'pending' && state !== 'removed');
  for (const from of DOMAIN_STATES.filter((state) => state !== 'removed'))
    for (const to of [...found, 'removed' as const]) assert.ok(canMoveDomain(from, to), `${from} → ${to}`);
  assert.equal(canMoveDomain('active', 'pending'), false);
  assert.equal(canMoveDomain('removed', 'active'), false);
});

test('a domain whose certificate cannot be ordered is checked more and more rarely, as after wrong DNS', async () => {
  const { home, add, check } = setUp();
  let domain = await add();
  home.dns.set(NAME, {});
  home.certificates.request = async () => fail('source_refused', 'Its alias leads nowhere', 'Set the record.');
  const waits: number[] = [];
  for (let checks = 0; checks < 7; checks++) {
    domain = await check(domain);
    const now = home.clock.now();
    assert.deepEqual([domain.state, domain.reason], ['failed', 'No certificate: Its alias leads nowhere']);
    waits.push(((domain.nextCheckAt ?? 0) - now) / 1_000);
    home.clock.advance((domain.nextCheckAt ?? 0) - now);
  }
  assert.deepEqual(waits, [10, 30, 60, 120, 300, 600, 900]);
});
