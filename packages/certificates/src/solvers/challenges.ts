import { createAlpnCertificate } from '@anchor/acme/x509/alpn-certificate.ts';
import { generateKeyPem } from '@anchor/acme/x509/key-pair.ts';
import type { DnsRecords } from '@anchor/core/ports/dns-records.ts';
import type { ServedCertificates } from '@anchor/core/ports/served-certificates.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { isAddress, type ChallengeRecord } from '../records/records.ts';
import { reverseName } from './reverse-name.ts';

const PATH = '/.well-known/acme-challenge/';
/** For how long a record may take to reach every authoritative server. */
const DNS_MS = 180_000;

/** Puts the responses to challenges in place and removes them. Both can be repeated. */
export class Challenges {
  readonly #served: ServedCertificates;
  readonly #dns: DnsRecords | undefined;

  constructor(served: ServedCertificates, dns: DnsRecords | undefined) {
    this.#served = served;
    this.#dns = dns;
  }

  /** Returns whether a provider has the zone of a name. */
  #isInZone(name: string): boolean {
    return this.#dns?.zoneOf(name.replace(/^\*\./, '')) !== undefined;
  }

  /**
   * Returns whether the DNS challenge of a name may be written. That of a wildcard may also be an alias that leads into the
   * zone of a provider, which `checkWritable` looks up.
   */
  mayWrite(name: string): boolean {
    return this.#isInZone(name) || (name.startsWith('*.') && (this.#dns?.zones().length ?? 0) > 0);
  }

  /** Checks that the DNS challenge of a name can be written. */
  async checkWritable(name: string): Promise<Result<void>> {
    if (this.#isInZone(name)) return ok(undefined);
    if (this.#dns !== undefined && name.startsWith('*.')) return this.#dns.canWrite(`_acme-challenge.${name.slice(2)}`);
    return fail(
      'unsupported',
      `No DNS provider is configured for ${name}`,
      'Start the platform with --dns-providers FILE, or upload a certificate.',
    );
  }

  /** Puts a response in place. Resolves when the CA can see it: every worker, or every name server, has it. */
  async publish(challenge: ChallengeRecord, signal: AbortSignal): Promise<Result<void>> {
    const { type, name, token, authorization, record } = challenge;
    if (type === 'http-01')
      await this.#served.publishChallenge({ kind: 'http', host: name, path: PATH + token, text: authorization });
    if (type === 'tls-alpn-01') {
      const keyPem = await generateKeyPem();
      const identifier = { type: isAddress(name) ? 'ip' : 'dns', value: name } as const;
      const chainPem = await createAlpnCertificate(identifier, authorization, keyPem);
      await this.#served.publishChallenge({ kind: 'alpn', host: reverseName(name), chainPem, keyPem });
    }
    if (record === undefined || this.#dns === undefined) return ok(undefined);
    // That of dns-persist-01 may also be set by hand.
    if (type !== 'dns-01' && !this.#isInZone(name)) return ok(undefined);
    const put = await this.#dns.putTxt(record.name, record.value);
    return put.ok ? this.#dns.waitUntilVisible(record.name, record.value, DNS_MS, signal) : put;
  }

  /** Removes a response. A record of dns-persist-01 stays: renewals need it. */
  async withdraw({ type, name, token, record }: ChallengeRecord): Promise<void> {
    if (type === 'http-01') await this.#served.withdrawChallenge('http', PATH + token);
    if (type === 'tls-alpn-01') await this.#served.withdrawChallenge('alpn', reverseName(name));
    // A record that cannot be removed harms nothing: its token is used up.
    if (type === 'dns-01' && record !== undefined) await this.#dns?.removeTxt(record.name, record.value);
  }
}
