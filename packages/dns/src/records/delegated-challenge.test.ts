import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { createCertificates } from '@anchor/certificates/create-certificates.ts';
import { systemClock } from '@anchor/core/ports/clock.ts';
import { hasKnot, Knot, KNOT_KEY } from '@anchor/testing/knot/knot.ts';
import { certificateStore } from '@anchor/testing/memory/certificate-store.ts';
import { secretBox } from '@anchor/testing/memory/secret-box.ts';
import { MemoryServedCertificates } from '@anchor/testing/memory/served-certificates.ts';
import { Pebble, pebbleTools } from '@anchor/testing/pebble/pebble.ts';
import { must } from '@anchor/testing/samples.ts';
import { createDns } from '../dns.ts';
import { startAliasResolver } from '../fixtures/alias-resolver.ts';
import { Credential } from './credential.ts';
import { Rfc2136Provider } from './rfc2136/rfc2136-provider.ts';

const tools = await pebbleTools();
const options = { skip: hasKnot() && tools !== undefined ? false : 'Pebble or knotd cannot be had' };
const stops: (() => Promise<unknown>)[] = [];
after(async () => {
  for (const stop of stops.toReversed()) await stop();
});

test('a CA issues a wildcard whose challenge is an alias into the zone of another provider', options, async () => {
  const servers = ['@ NS ns1', 'ns1 A 127.0.0.1'];
  const alias = '_acme-challenge CNAME apps._acme-challenge.provider.test.';
  const knot = await Knot.start({
    zones: [
      { name: 'apps.test', records: [...servers, alias] },
      { name: 'provider.test', records: servers },
    ],
  });
  stops.push(() => knot.stop());
  const resolver = await startAliasResolver(knot.port);
  stops.push(() => new Promise((resolve) => resolver.close(resolve)));
  const { port } = resolver.address() as AddressInfo;
  const pebble = await Pebble.start(tools ?? '', { dns: `127.0.0.1:${port}` });
  stops.push(() => pebble.stop());
  const server = { address: knot.address, port: knot.port };
  const secret = new Credential(KNOT_KEY.secret);
  const key = { keyName: KNOT_KEY.name, algorithm: 'hmac-sha256', secret } as const;
  const { records } = createDns({
    ownAddresses: ['127.0.0.1'],
    resolvers: [server],
    providers: new Map([['provider.test', new Rfc2136Provider({ zone: 'provider.test', server, ...key })]]),
  });
  const certificates = await createCertificates({
    store: certificateStore(),
    secrets: secretBox(),
    served: new MemoryServedCertificates(),
    clock: systemClock,
    dns: records,
    pollMs: 20,
    authorities: [{ name: 'Pebble', directoryUrl: pebble.directoryUrl, trustedPem: pebble.trustedPem }],
  });
  stops.push(() => certificates.close());
  must(await certificates.request(['*.apps.test'], 'platform'));
  await certificates.tick();
  const { certificate, failed } = await certificates.statusOf('*.apps.test');
  assert.deepEqual([certificate?.names, failed], [['*.apps.test'], undefined]);
  const refused = await certificates.request(['*.other.test'], 'domain');
  assert.match(
    refused.ok ? '' : refused.error.message,
    /No DNS provider is configured for _acme-challenge\.other\.test/,
  );
});
