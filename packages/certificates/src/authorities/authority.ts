import { createHash } from 'node:crypto';
import { AcmeClient } from '@anchor/acme/client/acme-client.ts';
import type { AcmeAccount } from '@anchor/acme/client/signed-requests.ts';
import { AccountKey } from '@anchor/acme/jose/account-key.ts';
import type { ExternalAccount } from '@anchor/acme/jose/jws.ts';
import type { AcmeError } from '@anchor/acme/messages/acme-error.ts';
import type { Clock } from '@anchor/core/ports/clock.ts';
import type { SecretBox } from '@anchor/core/ports/secret-box.ts';
import { ok, type Result } from '@anchor/core/result/result.ts';
import { keyContext, type AccountRecord } from '../records/records.ts';
import type { RecordTable } from '../records/record-table.ts';

/** A CA that certificates are ordered from. */
export type AuthoritySettings = Readonly<{
  /** Its name in records and messages, such as "Let's Encrypt". */
  name: string;
  directoryUrl: string;
  /** The contact address of the account, for notices of the CA. */
  email?: string | undefined;
  externalAccount?: ExternalAccount | undefined;
  /** The profile of certificates for names; addresses get `shortlived`. */
  profile?: string | undefined;
  /** The roots (PEM) that verify the TLS of a private CA. */
  trustedPem?: string | undefined;
}>;

/** How long a CA that did not respond is skipped, so that an outage costs one timeout instead of one per order. */
const REST_MS = 30_000;
const USER_AGENT = 'anchor-deploy';

/** Holds the client and the account of one CA. */
export class Authority {
  readonly settings: AuthoritySettings;
  readonly client: AcmeClient;
  readonly #accounts: RecordTable<AccountRecord>;
  readonly #secrets: SecretBox;
  readonly #id: string;
  #account: Promise<Result<AcmeAccount, AcmeError>> | undefined;
  #accountUrl: string | undefined;
  #restsUntil = 0;
  #firstRead: Promise<Result<unknown, AcmeError>> | undefined;

  constructor(settings: AuthoritySettings, accounts: RecordTable<AccountRecord>, secrets: SecretBox, clock: Clock) {
    this.settings = settings;
    this.#accounts = accounts;
    this.#secrets = secrets;
    this.#id = createHash('sha256').update(settings.directoryUrl).digest('hex').slice(0, 32);
    const { directoryUrl, trustedPem } = settings;
    this.client = new AcmeClient({ directoryUrl, trustedPem, userAgent: USER_AGENT, now: () => clock.now() });
  }

  get name(): string {
    return this.settings.name;
  }

  /** The CA's identities in CAA records; empty until its directory was fetched. */
  get caa(): readonly string[] {
    return this.client.knownDirectory?.meta.caaIdentities ?? [];
  }

  /** The account's URL, once there is one. */
  get accountUrl(): string | undefined {
    return this.#accountUrl;
  }

  /** The time until which the CA is skipped after a request without a response; 0 when it responds. */
  get restsUntil(): number {
    return this.#restsUntil;
  }

  /** Reads the directory ahead of the first order, so that `caa` is known. Returns at once. */
  readDirectory(): void {
    this.#firstRead = this.client.directory();
  }

  /**
   * Reads the renewal information of a certificate. The first call fails when the directory could not be read at the
   * start: an outage costs no second request.
   */
  async renewalInfo(certificateId: string): ReturnType<AcmeClient['renewalInfo']> {
    const read = await this.#firstRead;
    this.#firstRead = undefined;
    return read === undefined || read.ok ? this.client.renewalInfo(certificateId) : read;
  }

  /** Notes that a request had no response. */
  noteUnreachable(now: number): void {
    this.#restsUntil = now + REST_MS;
  }

  /**
   * Returns the account, and registers it first when there is none. Its key is stored before the CA sees it, so that a
   * crash in between creates no second account. Concurrent calls share one registration.
   */
  async account(): Promise<Result<AcmeAccount, AcmeError>> {
    this.#account ??= this.#open();
    const account = await this.#account;
    if (account.ok) this.#accountUrl = account.value.url;
    else this.#account = undefined;
    return account;
  }

  /** Registers the key again before the next order: the CA does not know the account. */
  async forgetAccount(): Promise<void> {
    this.#account = undefined;
    const stored = await this.#accounts.get(this.#id);
    if (stored === undefined) return;
    const { directoryUrl, sealedKey } = stored.value;
    await this.#accounts.replace(stored, { directoryUrl, sealedKey });
  }

  async #open(): Promise<Result<AcmeAccount, AcmeError>> {
    const { directoryUrl, email, externalAccount } = this.settings;
    const context = keyContext('account', this.#id);
    let stored = await this.#accounts.get(this.#id);
    let key = stored === undefined ? undefined : await this.#unseal(stored.value.sealedKey, context);
    if (key === undefined) {
      // Also if the record was encrypted with another master key: the account is lost, its certificates are not.
      key = AccountKey.generate();
      const sealedKey = await this.#secrets.seal(key.toPem(), context);
      stored = await this.#accounts.overwrite(this.#id, { directoryUrl, sealedKey });
    }
    if (stored?.value.url !== undefined) return ok({ url: stored.value.url, key });
    const account = await this.client.register({ key, email, externalAccount });
    if (account.ok && stored !== undefined)
      await this.#accounts.replace(stored, { ...stored.value, url: account.value.url });
    return account;
  }

  async #unseal(sealed: string, context: string): Promise<AccountKey | undefined> {
    const pem = await this.#secrets.open(sealed, context);
    const key = pem.ok ? AccountKey.fromPem(pem.value) : pem;
    return key.ok ? key.value : undefined;
  }

  /** Closes idle connections. */
  close(): void {
    this.client.close();
  }
}
