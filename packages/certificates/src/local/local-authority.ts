import { X509Certificate } from 'node:crypto';
import { createAuthority, issueCertificate, type Authority } from '@anchor/acme/x509/authority.ts';
import { generateKeyPem } from '@anchor/acme/x509/key-pair.ts';
import type { SecretBox } from '@anchor/core/ports/secret-box.ts';
import { keyContext, type LocalAuthorityRecord } from '../records/records.ts';
import type { RecordTable } from '../records/record-table.ts';

const DAY = 86_400_000;
const ROOT_DAYS = 3650;
const LEAF_DAYS = 90;
/** A new root is made when the old one would not outlive a certificate. */
const LAST_DAYS = LEAF_DAYS + 1;
const ID = 'local';
/** The root vouches for names in this domain only, which lead to this machine (RFC 6761, section 6.3). */
export const LOCAL_DOMAIN = 'localhost';

/** Returns whether a name is one that the local CA vouches for. */
export const isLocalName = (name: string): boolean => name === LOCAL_DOMAIN || name.endsWith(`.${LOCAL_DOMAIN}`);

/** A leaf with its key, in PEM. */
export type Issued = Readonly<{ certificatePem: string; keyPem: string }>;

/** A CA for `*.localhost`, whose root a developer trusts in the browser. Its key is sealed, and never leaves. */
export class LocalAuthority {
  readonly #table: RecordTable<LocalAuthorityRecord>;
  readonly #secrets: SecretBox;
  #root: Promise<Authority> | undefined;

  constructor(table: RecordTable<LocalAuthorityRecord>, secrets: SecretBox) {
    this.#table = table;
    this.#secrets = secrets;
  }

  /** Returns the root certificate in PEM, and makes it at the first call. */
  async certificatePem(now: number): Promise<string> {
    return (await this.#open(now)).certificatePem;
  }

  /** Issues a certificate for 90 days. */
  async issue(names: readonly string[], now: number): Promise<Issued> {
    const root = await this.#open(now);
    const keyPem = await generateKeyPem();
    const identifiers = names.map((value) => ({ type: 'dns', value }) as const);
    const validity = { notBefore: now - DAY, notAfter: now + LEAF_DAYS * DAY };
    return { certificatePem: await issueCertificate(root, identifiers, keyPem, validity), keyPem };
  }

  async #open(now: number): Promise<Authority> {
    const root = await (this.#root ??= this.#load(now));
    if (new X509Certificate(root.certificatePem).validToDate.getTime() > now + LAST_DAYS * DAY) return root;
    this.#root = this.#load(now);
    return this.#root;
  }

  async #load(now: number): Promise<Authority> {
    const context = keyContext('authority', ID);
    const stored = await this.#table.get(ID);
    if (stored !== undefined && stored.value.notAfter > now + LAST_DAYS * DAY) {
      const keyPem = await this.#secrets.open(stored.value.sealedKey, context);
      if (keyPem.ok) return { certificatePem: stored.value.certificatePem, keyPem: keyPem.value };
    }
    const keyPem = await generateKeyPem();
    const validity = { notBefore: now - DAY, notAfter: now + ROOT_DAYS * DAY };
    const certificatePem = await createAuthority('Anchor Deploy local CA', keyPem, validity, LOCAL_DOMAIN);
    const sealedKey = await this.#secrets.seal(keyPem, context);
    await this.#table.overwrite(ID, { certificatePem, sealedKey, notAfter: validity.notAfter });
    return { certificatePem, keyPem };
  }
}
