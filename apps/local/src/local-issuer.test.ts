import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCertificates } from '@anchor/certificates/create-certificates.ts';
import type { HostName } from '@anchor/core/names/name.ts';
import { certificateStore } from '@anchor/testing/memory/certificate-store.ts';
import { memoryHome } from '@anchor/testing/memory/home.ts';
import { must, sampleAlias, sampleProject } from '@anchor/testing/samples.ts';
import { LocalIssuer } from './local-issuer.ts';

/** A platform in memory with the real local CA. */
async function setUp(localAuthority = true) {
  const { clock, secrets, served, projects, aliases } = memoryHome();
  const store = certificateStore();
  const certificates = await createCertificates({ store, secrets, served, clock, authorities: [], localAuthority });
  const project = sampleProject();
  await projects.insert(project);
  let generation = 0;
  const reports: string[] = [];
  let listed = 0;
  const list: typeof projects.list = (page) => {
    listed++;
    return projects.list(page);
  };
  const issuer = new LocalIssuer(
    { projects: { ...projects, list }, aliases, certificates, clock },
    { generation: () => generation, keep: ['api.localhost'], report: (message) => reports.push(message) },
  );
  return {
    clock,
    issuer,
    certificates,
    served,
    reports,
    listed: () => listed,
    async add(name: string, kind: 'environment' | 'deployment' = 'environment') {
      await aliases.compareAndSet(sampleAlias({ host: name as HostName, projectId: project.id, kind }));
      generation++;
    },
    async remove(name: string) {
      await aliases.remove(name as HostName);
      generation++;
    },
    names: async () => (await certificates.list()).flatMap(({ names }) => names).toSorted(),
  };
}

test('each host has a certificate of the local CA, and loses it with the host', async () => {
  const { issuer, certificates, served, add, remove, names } = await setUp();
  must(await certificates.request(['api.localhost'], 'platform'));
  for (const name of ['a.localhost', 'b.localhost', 'elsewhere.example']) await add(name);
  await add('dpl-1.localhost', 'deployment');
  await issuer.run();
  assert.deepEqual(await names(), ['a.localhost', 'api.localhost', 'b.localhost']);
  await remove('a.localhost');
  await issuer.run();
  assert.deepEqual(await names(), ['api.localhost', 'b.localhost']);
  assert.equal((await served.published()).length, 2);
  await certificates.close();
});

test('hosts are listed after a change and once an hour, not at each run', async () => {
  const { issuer, certificates, clock, add, listed } = await setUp();
  await add('a.localhost');
  for (let round = 0; round < 5; round++) await issuer.run();
  assert.equal(listed(), 1);
  await add('b.localhost');
  await issuer.run();
  assert.equal(listed(), 2);
  clock.advance(3_600_000);
  await issuer.run();
  assert.equal(listed(), 3);
  await certificates.close();
});

test('a host that gets no certificate is reported once, and retried', async () => {
  const { issuer, certificates, clock, add, listed, reports } = await setUp(false);
  await add('a.localhost');
  await issuer.run();
  await issuer.run();
  clock.advance(60_000);
  await issuer.run();
  assert.equal(listed(), 2);
  assert.equal(reports.length, 1);
  assert.match(reports[0] ?? '', /^no certificate for a\.localhost: .*--local-ca/);
  await certificates.close();
});
