import type { CertificateMaterial, CertificateTable, ServedSet } from '@anchor/core/ports/certificate-table.ts';

const NOTHING: ServedSet = {
  certificates: [],
  domains: [],
  responses: {},
  pending: [],
  alpnChallenges: {},
  ticketKeys: [],
};

/** Holds what tests publish, in memory. */
export class TestCertificates implements CertificateTable {
  readonly #materials = new Map<string, CertificateMaterial>();
  #set = NOTHING;
  /** How often chain and key of a certificate were read. */
  reads = 0;

  /** Serves a certificate for these names, instead of others for the same ones. */
  serve(names: readonly string[], material: CertificateMaterial): void {
    const id = `certificate-${this.#materials.size}`;
    this.store(id, material);
    const others = this.#set.certificates.filter((one) => one.names.join(' ') !== names.join(' '));
    this.publish({ certificates: [...others, { id, names, notAfter: Date.now() + 1_000_000 }] });
  }

  store(id: string, material: CertificateMaterial): void {
    this.#materials.set(id, material);
  }

  publish(change: Partial<ServedSet>): void {
    this.#set = { ...this.#set, ...change };
  }

  current(): ServedSet {
    return this.#set;
  }

  read(id: string): CertificateMaterial | undefined {
    this.reads++;
    return this.#materials.get(id);
  }

  refresh(): void {}

  close(): void {}
}
