import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '@anchor/core/ports/clock.ts';
import type { ServedCertificate } from '@anchor/core/ports/certificate-table.ts';
import type {
  PublishedCertificate,
  PublishedChallenge,
  ServedCertificates,
  ServedDomain,
} from '@anchor/core/ports/served-certificates.ts';
import { ok, type Result } from '@anchor/core/result/result.ts';
import { readEdgeKey } from './edge-key.ts';
import { MATERIAL, materialFile, type PublishedFile, type PublishedFiles, type TicketKey } from './published-files.ts';
import { SealedFiles, UNFINISHED } from './sealed-files.ts';
import { WorkerNotifier } from './worker-notifier.ts';

export type CertificatePublisherOptions = Readonly<{
  directory: string;
  /** The edge's own key: with it alone, keys of certificates can be read. */
  keyFile: string;
  clock: Clock;
  /** Returns the control sockets of the workers that should be running now. */
  controlSockets(): readonly string[];
}>;

/** How long tickets are encrypted with a key; sessions end after as long. */
const TICKET_KEY_MS = 12 * 3_600_000;
/** Workers learn of a key before tickets are encrypted with it. */
const TICKET_KEY_LEAD_MS = 10_000;
const TICKET_KEYS = 3;
/** How soon a key is rotated, and a failed write retried. */
const UPKEEP_MS = 10_000;

export type CertificatePublisher = ServedCertificates &
  Readonly<{
    /** Returns whether the edge serves a valid certificate for a host: its own, or the wildcard above it. */
    covers(host: string): boolean;
    upkeep(): Promise<void>;
    close(): void;
  }>;

/** Opens the one writer of what the edge workers of this machine serve TLS with. */
export async function openCertificatePublisher(
  options: CertificatePublisherOptions,
): Promise<Result<CertificatePublisher>> {
  const key = await readEdgeKey(options.keyFile);
  if (!key.ok) return key;
  const publisher = new LocalCertificatePublisher(options, new SealedFiles(options.directory, key.value));
  await publisher.sweep();
  await publisher.upkeep();
  return ok(publisher);
}

/**
 * Writes a file per certificate, and one each for their index, domains, challenges and ticket keys. Then tells the
 * workers to read. A worker that does not respond reads by itself within a second.
 */
class LocalCertificatePublisher implements CertificatePublisher {
  readonly #clock: Clock;
  readonly #files: SealedFiles;
  readonly #workers: WorkerNotifier;
  readonly #timer: NodeJS.Timeout;
  readonly #index: Map<string, ServedCertificate>;
  /** When the certificate of each name expires, of those that the workers have. */
  #expiries: ReadonlyMap<string, number>;
  readonly #challenges: Map<string, PublishedChallenge>;
  #domains: readonly ServedDomain[];
  #tickets: readonly TicketKey[];
  /** Writes run one after the other; those that wait for the same file share one. */
  readonly #pending = new Map<PublishedFile, Promise<void>>();
  #last: Promise<void> = Promise.resolve();
  /** Files whose content is not on disk yet, or could not be written. */
  readonly #unwritten = new Set<PublishedFile>();
  /** Certificates whose file may still be there, or in the index on disk. */
  readonly #withdrawn = new Set<string>();

  constructor({ clock, controlSockets }: CertificatePublisherOptions, files: SealedFiles) {
    this.#clock = clock;
    this.#files = files;
    this.#workers = new WorkerNotifier(controlSockets);
    this.#index = new Map(this.#read('index').map((certificate) => [certificate.id, certificate]));
    this.#expiries = expiriesOf(this.#index.values());
    this.#challenges = new Map(this.#read('challenges').map((challenge) => [keyOf(challenge), challenge]));
    this.#domains = this.#read('domains');
    this.#tickets = this.#read('tickets');
    this.#timer = setInterval(() => void this.upkeep().catch(() => undefined), UPKEEP_MS).unref();
  }

  published(): Promise<readonly string[]> {
    return Promise.resolve([...this.#index.keys()]);
  }

  covers(host: string): boolean {
    const dot = host.indexOf('.');
    const wildcard = dot === -1 ? '' : `*${host.slice(dot)}`;
    return Math.max(this.#expiries.get(host) ?? 0, this.#expiries.get(wildcard) ?? 0) > this.#clock.now();
  }

  async publish({ id, names, notAfter, chainPem, keyPem }: PublishedCertificate): Promise<void> {
    this.#withdrawn.delete(id);
    await this.#files.write(materialFile(id), { chainPem, keyPem });
    this.#index.set(id, { id, names, notAfter });
    await this.#write('index');
  }

  async withdraw(id: string): Promise<void> {
    if (this.#index.delete(id)) this.#withdrawn.add(id);
    if (this.#withdrawn.has(id)) await this.#finishWithdrawal(id);
  }

  async publishChallenge(challenge: PublishedChallenge): Promise<void> {
    const key = keyOf(challenge);
    // Each check of a domain publishes its token again.
    const isWritten = !this.#unwritten.has('challenges') && this.#files.version('challenges') !== '';
    if (isWritten && isDeepStrictEqual(this.#challenges.get(key), challenge)) return;
    this.#challenges.set(key, challenge);
    await this.#write('challenges');
  }

  async withdrawChallenge(kind: PublishedChallenge['kind'], key: string): Promise<void> {
    if (this.#challenges.delete(`${kind} ${key}`)) await this.#write('challenges');
  }

  async setDomains(domains: readonly ServedDomain[]): Promise<void> {
    this.#domains = domains;
    await this.#write('domains');
  }

  /** Removes what a process left that was killed while it wrote: unfinished files, and certificates out of the index. */
  async sweep(): Promise<void> {
    // Without an index, all certificates are published again, over their files.
    const isKnown = this.#files.read('index') !== undefined;
    const named = new Set(Array.from(this.#index.keys(), materialFile));
    for (const name of await this.#files.list())
      if (name.endsWith(UNFINISHED) || (isKnown && name.startsWith(MATERIAL) && !named.has(name)))
        await this.#files.remove(name);
  }

  /** Rotates the ticket keys, and retries what could not be written. Called regularly. */
  async upkeep(): Promise<void> {
    await this.#rotateTicketKeys();
    for (const id of this.#withdrawn) await this.#finishWithdrawal(id);
    for (const file of this.#unwritten) await this.#write(file);
  }

  async #finishWithdrawal(id: string): Promise<void> {
    await this.#write('index');
    // It may have been published again meanwhile.
    if (this.#withdrawn.has(id)) await this.#files.remove(materialFile(id));
    this.#withdrawn.delete(id);
  }

  /** Adds a key when the newest one was used for long enough. */
  async #rotateTicketKeys(): Promise<void> {
    const now = this.#clock.now();
    const [newest] = this.#tickets;
    if (newest !== undefined && newest.from <= now + TICKET_KEY_LEAD_MS && newest.from > now - TICKET_KEY_MS) return;
    const key = randomBytes(48).toString('base64');
    this.#tickets = [{ key, from: now + TICKET_KEY_LEAD_MS }, ...this.#tickets].slice(0, TICKET_KEYS);
    await this.#write('tickets');
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #write(file: PublishedFile): Promise<void> {
    this.#unwritten.add(file);
    const pending = this.#pending.get(file);
    if (pending !== undefined) return pending;
    const write = this.#writeAfter(this.#last, file);
    this.#pending.set(file, write);
    this.#last = write;
    return write;
  }

  async #writeAfter(earlier: Promise<void>, file: PublishedFile): Promise<void> {
    await earlier.catch(() => undefined);
    this.#pending.delete(file);
    await this.#files.write(file, this.#contentOf(file));
    const expiries = file === 'index' ? expiriesOf(this.#index.values()) : this.#expiries;
    await this.#workers.notify();
    this.#expiries = expiries;
    if (!this.#pending.has(file)) this.#unwritten.delete(file);
  }

  #contentOf(file: PublishedFile): PublishedFiles[PublishedFile] {
    if (file === 'index') return [...this.#index.values()];
    if (file === 'challenges') return [...this.#challenges.values()];
    return file === 'domains' ? this.#domains : this.#tickets;
  }

  #read<F extends PublishedFile>(file: F): PublishedFiles[F] {
    return (this.#files.read(file) ?? []) as PublishedFiles[F];
  }
}

/** Of several certificates for a name the one that expires last is served. */
function expiriesOf(certificates: Iterable<ServedCertificate>): ReadonlyMap<string, number> {
  const expiries = new Map<string, number>();
  for (const { names, notAfter } of certificates)
    for (const name of names) expiries.set(name, Math.max(notAfter, expiries.get(name) ?? 0));
  return expiries;
}

const keyOf = (challenge: PublishedChallenge): string =>
  challenge.kind === 'http' ? `http ${challenge.path}` : `alpn ${challenge.host}`;
