import { readFile } from 'node:fs/promises';
import {
  openCertificatePublisher,
  type CertificatePublisher,
} from '@anchor/adapter-local/certificates/certificate-publisher.ts';
import type { Paths } from '@anchor/adapter-local/paths.ts';
import { certificateStore } from '@anchor/adapter-local/sqlite/stores/certificates.ts';
import type { Database } from '@anchor/adapter-local/sqlite/database.ts';
import { createCertificates, type LocalCertificates } from '@anchor/certificates/create-certificates.ts';
import { isPrivateAddress } from '@anchor/core/names/private-networks.ts';
import { systemClock } from '@anchor/core/ports/clock.ts';
import type { DnsLookup } from '@anchor/core/ports/dns-lookup.ts';
import type { SecretBox } from '@anchor/core/ports/secret-box.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { createDns, type DnsSettings } from '@anchor/dns/dns.ts';
import { readProviders } from '@anchor/dns/providers/read-providers.ts';
import { acmeAuthorities } from './acme-authorities.ts';
import { orFatal } from './process.ts';
import type { Settings } from './settings.ts';

export type DomainAdapters = Readonly<{
  dns: DnsLookup;
  certificates: LocalCertificates;
  served: CertificatePublisher;
  close(): Promise<void>;
}>;

type DomainAdapterParts = Readonly<{
  settings: Settings;
  paths: Paths;
  db: Database;
  secrets: SecretBox;
  env: NodeJS.ProcessEnv;
  report: (message: string) => void;
}>;

/** Opens DNS, certificates, and what the edge serves of them. */
export async function openDomainAdapters(parts: DomainAdapterParts): Promise<DomainAdapters> {
  const { settings, paths, db, secrets } = parts;
  const served = orFatal(
    await openCertificatePublisher({
      directory: paths.edgeCertificates,
      keyFile: paths.edgeKey,
      clock: systemClock,
      controlSockets: () => Array.from({ length: settings.edgeWorkers }, (_, worker) => paths.edgeSocket(worker)),
    }),
  );
  const providers = orFatal(await providersOf(parts));
  const dns = createDns({ ...dnsSettings(settings), providers });
  const certificates = await createCertificates({
    store: certificateStore(db),
    secrets,
    served,
    clock: systemClock,
    authorities: orFatal(await acmeAuthorities(settings)),
    localAuthority: settings.localCa,
    onError: (error) => parts.report(`certificates: ${error instanceof Error ? (error.stack ?? '') : String(error)}`),
    ...(providers.size === 0 ? {} : { dns: dns.records }),
  });
  return {
    dns: dns.lookup,
    certificates,
    served,
    async close() {
      await certificates.close();
      served.close();
    },
  };
}

function dnsSettings({ publicAddresses, dnsResolvers, edgePort, httpsPort }: Settings): DnsSettings {
  // On a loopback address nothing forwards ports 80 and 443: the edge's own ports are the public ones.
  const direct = publicAddresses.length > 0 && publicAddresses.every(isPrivateAddress);
  const resolvers = dnsResolvers.map((text) => {
    const at = text.lastIndexOf(':');
    return { address: text.slice(0, at), port: Number(text.slice(at + 1)) };
  });
  return {
    ownAddresses: publicAddresses,
    ...(resolvers.length === 0 ? {} : { resolvers }),
    ...(direct ? { httpPort: edgePort, ...(httpsPort === undefined ? {} : { httpsPort }) } : {}),
  };
}

async function providersOf({
  settings: { dnsProviders: file },
  secrets,
  env,
}: DomainAdapterParts): Promise<Result<NonNullable<DnsSettings['providers']>>> {
  if (file === undefined) return ok(new Map());
  try {
    return await readProviders(await readFile(file, 'utf8'), { environment: env, secretBox: secrets });
  } catch (error) {
    return fail(
      'invalid_input',
      `The file ${file} of --dns-providers cannot be read`,
      'Name a JSON file as docs/domains.md shows, then restart the platform.',
      error instanceof Error ? error.message : String(error),
    );
  }
}
