import type { CertificateMaterial, CertificateTable, ServedSet } from '@anchor/core/ports/certificate-table.ts';
import type {
  PublishedCertificate,
  PublishedChallenge,
  ServedCertificates,
  ServedDomain,
} from '@anchor/core/ports/served-certificates.ts';

/** Holds what was published in memory: writer, and table of every worker. */
export class MemoryServedCertificates implements ServedCertificates, CertificateTable {
  readonly #materials = new Map<string, CertificateMaterial>();
  #set: ServedSet = { certificates: [], domains: [], responses: {}, pending: [], alpnChallenges: {}, ticketKeys: [] };
  readonly #challenges = new Map<string, PublishedChallenge>();

  published(): Promise<readonly string[]> {
    return Promise.resolve(this.#set.certificates.map(({ id }) => id));
  }

  async publish({ id, names, notAfter, chainPem, keyPem }: PublishedCertificate): Promise<void> {
    this.#materials.set(id, { chainPem, keyPem });
    const others = this.#set.certificates.filter((one) => one.id !== id);
    this.#set = { ...this.#set, certificates: [...others, { id, names, notAfter }] };
  }

  async withdraw(id: string): Promise<void> {
    this.#materials.delete(id);
    this.#set = { ...this.#set, certificates: this.#set.certificates.filter((one) => one.id !== id) };
  }

  async publishChallenge(challenge: PublishedChallenge): Promise<void> {
    this.#challenges.set(keyOf(challenge), challenge);
    this.#takeChallenges();
  }

  async withdrawChallenge(kind: PublishedChallenge['kind'], key: string): Promise<void> {
    this.#challenges.delete(`${kind} ${key}`);
    this.#takeChallenges();
  }

  async setDomains(domains: readonly ServedDomain[]): Promise<void> {
    this.#set = { ...this.#set, domains };
  }

  current(): ServedSet {
    return this.#set;
  }

  read(id: string): CertificateMaterial | undefined {
    return this.#materials.get(id);
  }

  refresh(): void {}
  close(): void {}

  #takeChallenges(): void {
    const all = [...this.#challenges.values()];
    const responses: Record<string, string> = {};
    const alpnChallenges: Record<string, string> = {};
    for (const challenge of all) {
      if (challenge.kind === 'http') responses[challenge.path] = challenge.text;
      else {
        const id = `challenge ${challenge.host} ${challenge.chainPem}`;
        alpnChallenges[challenge.host] = id;
        this.#materials.set(id, { chainPem: challenge.chainPem, keyPem: challenge.keyPem });
      }
    }
    this.#set = { ...this.#set, responses, alpnChallenges, pending: all.map(({ host }) => host) };
  }
}

const keyOf = (challenge: PublishedChallenge): string =>
  challenge.kind === 'http' ? `http ${challenge.path}` : `alpn ${challenge.host}`;
