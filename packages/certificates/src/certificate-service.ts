import type { Authority as AuthorityView } from '@anchor/core/ports/certificates.ts';
import type {
  Certificate,
  CertificateReason,
  Certificates,
  CertificateStatus,
} from '@anchor/core/ports/certificates.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { certificateOf, type CertificateIndex } from './certificate-index.ts';
import { canonicalAddress } from './chain/certificate-names.ts';
import { fieldsOf } from './chain/certificate-fields.ts';
import { checkUpload, type CheckedUpload } from './chain/check-upload.ts';
import { chainPem } from './chain/read-chain.ts';
import { isLocalName, type LocalAuthority } from './local/local-authority.ts';
import type { OrderContext } from './orders/order-context.ts';
import { newOrder } from './orders/order-record.ts';
import type { OrderScheduler } from './order-scheduler.ts';
import { publishCertificate } from './publication/publish-certificate.ts';
import { keyContext, nameSetId, type StoredCertificate } from './records/records.ts';
import { checkRenewal } from './renewals/renewal-check.ts';
import { renewalTime } from './renewals/renewal-time.ts';
import { possibleTypes } from './solvers/challenge-types.ts';
import { Challenges } from './solvers/challenges.ts';
import { MAX_NAMES, noAuthority, noLocalAuthority, unprovable, wrongNumber, mixed } from './certificate-refusals.ts';

const HOUR = 3_600_000;

/** Renewal information that is read in one tick: 5,000 certificates are through within their six hours. */
const CHECKS_PER_TICK = 50;

/** Implements `Certificates` over ACME, uploads and the local CA. Made by `createCertificates`. */
export class CertificateService implements Certificates {
  readonly #context: Omit<OrderContext, 'onStep'>;
  readonly #index: CertificateIndex;
  readonly #scheduler: OrderScheduler;
  readonly #local: LocalAuthority | undefined;
  readonly #challenges: Challenges;
  #budgetsExpiredAt = 0;

  constructor(
    context: Omit<OrderContext, 'onStep'>,
    index: CertificateIndex,
    scheduler: OrderScheduler,
    local: LocalAuthority | undefined,
  ) {
    this.#context = context;
    this.#index = index;
    this.#scheduler = scheduler;
    this.#local = local;
    this.#challenges = new Challenges(context.served, context.dns);
  }

  authorities(): readonly AuthorityView[] {
    return this.#context.authorities.map(({ name, caa, accountUrl, settings }) => ({
      name,
      directory: settings.directoryUrl,
      caa,
      ...(accountUrl === undefined ? {} : { accountUri: accountUrl }),
    }));
  }

  clockSkewMs(): number {
    const skews = this.#context.authorities.map(({ client }) => client.clockSkewMs ?? 0);
    return skews.toSorted((a, b) => Math.abs(b) - Math.abs(a))[0] ?? 0;
  }

  canIssue(name: string): Result<void> {
    if (isLocalName(name)) return this.#local === undefined ? noLocalAuthority(name) : ok(undefined);
    const { authorities, challengeTypes } = this.#context;
    if (authorities.length === 0) return noAuthority(name);
    const types = possibleTypes(name, challengeTypes, this.#challenges.mayWrite(name));
    return types.length > 0 ? ok(undefined) : unprovable(name);
  }

  async request(requested: readonly string[], reason: CertificateReason): Promise<Result<void>> {
    const names = [...new Set(requested.map((name) => canonicalAddress(name.toLowerCase())))].sort();
    if (names.length === 0 || names.length > MAX_NAMES) return wrongNumber(names.length);
    const refused = names.map((name) => this.canIssue(name)).find((each) => !each.ok);
    if (refused !== undefined) return refused;
    if (names.some(isLocalName) && !names.every(isLocalName)) return mixed(names);
    const id = nameSetId(names);
    const now = this.#context.clock.now();
    const certificate = this.#index.certificates.get(id);
    const valid = certificate !== undefined && certificate.notAfter > now;
    if (valid && (reason !== 'renewal' || (certificate.renewAt ?? Infinity) > now)) return ok(undefined);
    if (!valid && names.every((name) => this.#hasUpload(name, now))) return ok(undefined);
    if (names.every(isLocalName)) return this.#issueLocally(id, names, now);
    const unwritable = await this.#unwritable(names);
    if (unwritable !== undefined) return unwritable;
    await this.#placeOrder(id, names, valid ? 'renewal' : reason, now);
    return ok(undefined);
  }

  /** Returns why the DNS challenge of a wildcard cannot be written, before a CA gets an order for it. */
  async #unwritable(names: readonly string[]): Promise<Result<void> | undefined> {
    if (this.#context.challengeTypes.includes('dns-persist-01')) return undefined;
    for (const name of names) {
      const checked = name.startsWith('*.') ? await this.#challenges.checkWritable(name) : ok(undefined);
      if (!checked.ok) return checked;
    }
    return undefined;
  }

  async statusOf(text: string): Promise<CertificateStatus> {
    const name = canonicalAddress(text.toLowerCase());
    const certificate = this.#index.find(name, this.#context.clock.now());
    const id = this.#index.orderOf(name);
    const order = id === undefined ? undefined : this.#index.orders.get(id);
    const { failure, failedAt } = order ?? {};
    return {
      ...(certificate === undefined ? {} : { certificate: certificateOf(certificate) }),
      ...(order === undefined || id === undefined
        ? {}
        : { order: { since: order.since, step: this.#scheduler.stepOf(id) } }),
      ...(order === undefined || failure === undefined
        ? {}
        : { failed: { error: failure, at: failedAt ?? order.since, retryAt: order.nextAt } }),
    };
  }

  async list(): Promise<readonly Certificate[]> {
    return [...this.#index.certificates.values()].toSorted((a, b) => a.notAfter - b.notAfter).map(certificateOf);
  }

  async inspect(chain: string, keyPem: string): Promise<Result<Certificate>> {
    const checked = checkUpload(chain, keyPem, this.#context.clock.now());
    return checked.ok ? ok(uploadOf(checked.value)) : checked;
  }

  async upload(chain: string, keyPem: string): Promise<Result<Certificate>> {
    const checked = checkUpload(chain, keyPem, this.#context.clock.now());
    if (!checked.ok) return checked;
    const { id, names, ...certificate } = uploadOf(checked.value);
    const { secrets } = this.#context;
    const sealedKey = await secrets.seal(checked.value.keyPem, keyContext('certificate', id));
    await this.#store(id, {
      ...certificate,
      names: [...names],
      chainPem: chainPem(checked.value.chain),
      sealedKey,
      published: false,
    });
    // What the upload replaces would only be renewed for nothing.
    for (const other of this.#index.certificates.values())
      if (other.id !== id && other.names.every((name) => names.includes(name))) await this.#removeCertificate(other.id);
    for (const [order, value] of this.#index.orders)
      if (value.names.every((name) => names.includes(name))) await this.#context.tables.orders.remove(order);
    return ok({ id, names, ...certificate });
  }

  async renew(text: string): Promise<Result<void>> {
    const name = canonicalAddress(text.toLowerCase());
    const now = this.#context.clock.now();
    const certificate = this.#index.find(name, now);
    const id = certificate?.id ?? this.#index.orderOf(name);
    if (id === undefined)
      return fail('not_found', `There is no certificate for ${name}`, 'Run `anchor certificates list` to see all.');
    if (certificate?.origin === 'upload') {
      return fail(
        'unsupported',
        `The certificate for ${name} was uploaded: only its owner can renew it`,
        'Upload its successor with `anchor certificates upload`.',
      );
    }
    const names = certificate?.names ?? this.#index.orders.get(id)?.names ?? [];
    if (certificate?.origin === 'local') return this.#issueLocally(id, names, now);
    await this.#placeOrder(id, names, 'renewal', now);
    return ok(undefined);
  }

  async remove(text: string, isUsed: (other: string) => Promise<boolean>): Promise<void> {
    const name = canonicalAddress(text.toLowerCase());
    const isUnused = async (names: readonly string[]): Promise<boolean> => {
      for (const other of names) if (other !== name && (await isUsed(other))) return false;
      return true;
    };
    for (const [id, { names }] of this.#index.orders)
      if (names.includes(name) && (await isUnused(names))) await this.#context.tables.orders.remove(id);
    for (const { id, names } of this.#index.certificates.values())
      if (names.includes(name) && (await isUnused(names))) await this.#removeCertificate(id);
  }

  async removeUploads(text: string): Promise<void> {
    const name = canonicalAddress(text.toLowerCase());
    for (const { id, names, origin } of this.#index.certificates.values())
      if (origin === 'upload' && names.includes(name)) await this.#removeCertificate(id);
  }

  async tick(signal?: AbortSignal): Promise<number> {
    const { clock, budgets } = this.#context;
    if (clock.now() - this.#budgetsExpiredAt > 24 * HOUR) {
      this.#budgetsExpiredAt = clock.now();
      await budgets.expire(clock.now());
    }
    await this.#publishMissing();
    await this.#checkRenewals();
    await this.#renewDue();
    const aborted = new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
    if (signal?.aborted !== true) await Promise.race([this.#scheduler.settle(), aborted]);
    return this.#nextTick(clock.now());
  }

  /** Publishes what the edge does not have: after a crash between storing and publishing, or a lost edge. */
  async publishAll(): Promise<void> {
    const { served } = this.#context;
    const present = new Set(await served.published());
    for (const id of present) if (!this.#index.certificates.has(id)) await served.withdraw(id);
    for (const { id, published } of this.#index.certificates.values())
      if (!published || !present.has(id)) await this.#publish(id);
  }

  async #publishMissing(): Promise<void> {
    for (const { id, published } of this.#index.certificates.values()) if (!published) await this.#publish(id);
  }

  async #publish(id: string): Promise<void> {
    const { tables, secrets, served } = this.#context;
    const stored = await tables.certificates.get(id);
    if (stored !== undefined) await publishCertificate(tables, secrets, served, stored);
  }

  async #checkRenewals(): Promise<void> {
    const { tables, clock, authorities } = this.#context;
    const due = [...this.#index.certificates.values()]
      .filter(({ checkAt, notAfter }) => checkAt !== undefined && checkAt <= clock.now() && notAfter > clock.now())
      .toSorted((a, b) => (a.checkAt ?? 0) - (b.checkAt ?? 0))
      .slice(0, CHECKS_PER_TICK);
    for (const { id } of due) {
      const stored = await tables.certificates.get(id);
      if (stored === undefined) continue;
      const authority = authorities.find(({ name }) => name === stored.value.authority);
      // One timeout per outage of a CA, not one per certificate.
      if ((authority?.restsUntil ?? 0) > clock.now()) continue;
      await tables.certificates.replace(stored, await checkRenewal(id, stored.value, authority, clock.now()));
    }
  }

  async #renewDue(): Promise<void> {
    const now = this.#context.clock.now();
    for (const { id, names, origin, renewAt } of this.#index.certificates.values()) {
      if (renewAt === undefined || renewAt > now || this.#index.orders.has(id)) continue;
      if (origin === 'local' && this.#local !== undefined) await this.#issueLocally(id, names, now);
      if (origin === 'acme') await this.#insertOrder(id, names, 'renewal', now);
    }
  }

  #nextTick(now: number): number {
    const times = [...this.#index.orders.values()].map(({ nextAt }) => nextAt);
    for (const { renewAt, checkAt, id } of this.#index.certificates.values())
      if (!this.#index.orders.has(id)) times.push(renewAt ?? Infinity, checkAt ?? Infinity);
    // Not `Math.min(...times)`: there may be more than a call takes arguments.
    const next = times.reduce((least, time) => Math.min(least, time), now + HOUR);
    return Math.max(next, now + 1000);
  }

  /** Makes an order due now, or creates it; and starts it. */
  async #placeOrder(id: string, names: readonly string[], reason: CertificateReason, now: number): Promise<void> {
    const { tables } = this.#context;
    const inserted = await this.#insertOrder(id, names, reason, now);
    if (!inserted && reason === 'renewal' && !this.#scheduler.runs(id)) {
      const stored = await tables.orders.get(id);
      // Its Retry-After still holds.
      const blocked = stored?.value.blocked[stored.value.authority] ?? 0;
      if (stored?.value.step === 'queued' && stored.value.nextAt > now && blocked <= now)
        await tables.orders.replace(stored, { ...stored.value, nextAt: now });
    }
    this.#scheduler.expedite(id);
  }

  async #insertOrder(id: string, names: readonly string[], reason: CertificateReason, now: number): Promise<boolean> {
    const [first] = this.#context.authorities;
    if (first === undefined || this.#index.orders.has(id)) return false;
    return (await this.#context.tables.orders.insert(id, newOrder(names, reason, first.name, now))) !== undefined;
  }

  async #issueLocally(id: string, names: readonly string[], now: number): Promise<Result<void>> {
    if (this.#local === undefined) return noLocalAuthority(names[0] ?? '');
    const { certificatePem, keyPem } = await this.#local.issue(names, now);
    const checked = checkUpload(certificatePem + (await this.#local.certificatePem(now)), keyPem, now);
    if (!checked.ok) return checked;
    const fields = fieldsOf(checked.value.chain[0]);
    const previous = this.#index.certificates.get(id);
    await this.#store(id, {
      ...fields,
      names: [...names],
      origin: 'local',
      chainPem: certificatePem,
      sealedKey: await this.#context.secrets.seal(keyPem, keyContext('certificate', id)),
      renewAt: renewalTime(fields.notBefore, fields.notAfter),
      renewals: previous === undefined ? 0 : previous.renewals + 1,
      published: false,
    });
    return ok(undefined);
  }

  #hasUpload(name: string, now: number): boolean {
    const found = this.#index.find(name, now);
    return found?.origin === 'upload' && found.notAfter > now;
  }

  async #store(id: string, certificate: StoredCertificate): Promise<void> {
    await this.#context.tables.certificates.overwrite(id, certificate);
    await this.#publish(id);
  }

  async #removeCertificate(id: string): Promise<void> {
    await this.#context.tables.certificates.remove(id);
    await this.#context.served.withdraw(id);
  }
}

function uploadOf({ chain, names }: CheckedUpload): Certificate {
  const fields = fieldsOf(chain[0]);
  return { id: `upload-${fields.fingerprint.slice(0, 32)}`, names, origin: 'upload', ...fields, renewals: 0 };
}
