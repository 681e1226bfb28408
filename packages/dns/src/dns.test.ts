import { createServer } from 'node:http';
import { after, before } from 'node:test';
import type { DnsRecords } from '@anchor/core/ports/dns-records.ts';
import { dnsLookupContract } from '@anchor/testing/contracts/dns-lookup.ts';
import { dnsRecordsContract } from '@anchor/testing/contracts/dns-records.ts';
import { hasKnot, KNOT_KEY } from '@anchor/testing/knot/knot.ts';
import type { Harness } from '@anchor/testing/harness.ts';
import { createDns } from './dns.ts';
import { CLOUDFLARE_TOKEN, CloudflareService } from './fixtures/cloudflare-service.ts';
import { LOOPBACK, LoopbackDns } from './fixtures/loopback-dns.ts';
import { AWS_KEY_ID, AWS_SECRET, Route53Service } from './fixtures/route53-service.ts';
import { responseTo, ScriptedServer } from './fixtures/scripted-server.ts';
import { CloudflareProvider } from './records/cloudflare/cloudflare-provider.ts';
import { Credential } from './records/credential.ts';
import { Rfc2136Provider } from './records/rfc2136/rfc2136-provider.ts';
import { Route53Provider } from './records/route53/route53-provider.ts';
import type { TxtProvider } from './records/txt-provider.ts';
import { txtValues } from './walk/query-all.ts';
import { DnsClient } from './wire/dns-client.ts';

const options = { skip: hasKnot() ? (false as const) : 'knotd cannot be had' };
const ZONE = 'shop.test';
let dns: LoopbackDns;
before(async () => {
  if (options.skip === false) dns = await LoopbackDns.start();
});
after(() => dns?.stop());

dnsLookupContract(
  'dns',
  async () => {
    const web = createServer((_, response) => void response.end('token'));
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    const { port: httpPort } = web.address() as { port: number };
    const roots = [{ address: LOOPBACK[0], port: dns.port }];
    const { lookup } = createDns({ ownAddresses: LOOPBACK, roots, dnsPort: dns.port, httpPort, validators: [] });
    const end = async (): Promise<void> => void (await new Promise((resolve) => web.close(resolve)));
    return { subject: lookup, here: ZONE, absent: `absent.${ZONE}`, end };
  },
  options,
);

type RecordsHarness = Harness<DnsRecords> & Readonly<{ values: (name: string) => Promise<readonly string[]> }>;

dnsRecordsContract(
  'RFC 2136',
  ZONE,
  async (): Promise<RecordsHarness> => {
    // Both servers of the zone are primaries here: an update reaches them one after the other.
    const at = (address: string): TxtProvider =>
      new Rfc2136Provider({
        zone: ZONE,
        server: { address, port: dns.port },
        keyName: KNOT_KEY.name,
        algorithm: 'hmac-sha256',
        secret: new Credential(KNOT_KEY.secret),
      });
    const [first, second] = [at(LOOPBACK[1]), at(LOOPBACK[2])];
    const both: TxtProvider = {
      put: async (name, value) => {
        const done = await first.put(name, value);
        return done.ok ? second.put(name, value) : done;
      },
      remove: async (name, value) => {
        const done = await first.remove(name, value);
        return done.ok ? second.remove(name, value) : done;
      },
    };
    const roots = [{ address: LOOPBACK[0], port: dns.port }];
    const { records } = createDns({
      ownAddresses: LOOPBACK,
      roots,
      dnsPort: dns.port,
      providers: new Map([[ZONE, both]]),
      pollMs: 10,
    });
    const values = async (name: string): Promise<readonly string[]> => {
      const response = await new DnsClient().query({ address: LOOPBACK[1], port: dns.port }, { name, type: 'TXT' });
      return response.ok ? txtValues(response.value, name) : [];
    };
    return { subject: records, values, end: async () => undefined };
  },
  options,
);

/** Records of a service whose zone a DNS server of our own serves. */
async function behindService(
  service: Readonly<{ start: () => Promise<unknown>; stop: () => Promise<void> }>,
  provider: () => TxtProvider,
  values: (name: string) => readonly string[],
): Promise<RecordsHarness> {
  await service.start();
  const server = await ScriptedServer.start((received) => {
    const name = received.query.questions?.[0]?.name ?? '';
    const data = values(name.toLowerCase());
    return responseTo(
      received,
      data.map((value) => ({ type: 'TXT', name, data: value })),
    );
  });
  const { records } = createDns({
    ownAddresses: [],
    resolvers: [{ address: '127.0.0.1', port: server.port }],
    providers: new Map([[ZONE, provider()]]),
    pollMs: 10,
  });
  const end = async (): Promise<void> => {
    await server.stop();
    await service.stop();
  };
  return { subject: records, values: async (name) => values(name), end };
}

const plain = (value: string): string => value.replace(/^"|"$/g, '');

dnsRecordsContract('Cloudflare', ZONE, () => {
  const service = new CloudflareService(ZONE);
  const make = (): TxtProvider =>
    new CloudflareProvider({ zone: ZONE, token: new Credential(CLOUDFLARE_TOKEN), endpoint: service.http.endpoint });
  return behindService(service.http, make, (name) => service.contents(name).map(plain));
});

dnsRecordsContract('Route 53', ZONE, () => {
  const service = new Route53Service(ZONE);
  const make = (): TxtProvider =>
    new Route53Provider({
      zone: ZONE,
      accessKeyId: AWS_KEY_ID,
      secretAccessKey: new Credential(AWS_SECRET),
      endpoint: service.http.endpoint,
      pollMs: 1,
    });
  return behindService(service.http, make, (name) => (service.sets.get(`${name}.`)?.values ?? []).map(plain));
});
