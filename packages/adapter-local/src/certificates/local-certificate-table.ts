import type { Clock } from '@anchor/core/ports/clock.ts';
import type { CertificateMaterial, CertificateTable, ServedSet } from '@anchor/core/ports/certificate-table.ts';
import type { PublishedChallenge } from '@anchor/core/ports/served-certificates.ts';
import { ok, type Result } from '@anchor/core/result/result.ts';
import { readEdgeKey } from './edge-key.ts';
import { challengeId, materialFile, type PublishedFile, type PublishedFiles } from './published-files.ts';
import { SealedFiles } from './sealed-files.ts';

/** At which the files are checked for changes that the server could not tell of. */
const POLL_MS = 1_000;

/** Opens the files of `openCertificatePublisher` for an edge worker. They need not exist yet. */
export async function openCertificateTable(
  options: Readonly<{ directory: string; keyFile: string; clock: Clock }>,
): Promise<Result<CertificateTable>> {
  const key = await readEdgeKey(options.keyFile);
  return key.ok ? ok(new LocalCertificateTable(new SealedFiles(options.directory, key.value), options.clock)) : key;
}

/** Follows the published files. Keeps what it has when one cannot be read. */
class LocalCertificateTable implements CertificateTable {
  readonly #files: SealedFiles;
  readonly #clock: Clock;
  readonly #timer: NodeJS.Timeout;
  readonly #versions = new Map<PublishedFile, string>();
  /** Materials of challenges, by id. */
  #challenges = new Map<string, CertificateMaterial>();
  #set: ServedSet = { certificates: [], domains: [], responses: {}, pending: [], alpnChallenges: {}, ticketKeys: [] };
  /** When the first key of `ticketKeys` changes. */
  #nextTicketKey = Infinity;

  constructor(files: SealedFiles, clock: Clock) {
    this.#files = files;
    this.#clock = clock;
    this.refresh();
    this.#timer = setInterval(() => this.refresh(), POLL_MS).unref();
  }

  current(): ServedSet {
    return this.#set;
  }

  read(id: string): CertificateMaterial | undefined {
    return this.#challenges.get(id) ?? (this.#files.read(materialFile(id)) as CertificateMaterial | undefined);
  }

  refresh(): void {
    const index = this.#changed('index');
    const domains = this.#changed('domains');
    const challenges = this.#changed('challenges');
    const tickets = this.#changed('tickets');
    if (index !== undefined) this.#set = { ...this.#set, certificates: index };
    if (domains !== undefined) this.#set = { ...this.#set, domains };
    if (challenges !== undefined) this.#takeChallenges(challenges);
    if (tickets !== undefined || this.#clock.now() >= this.#nextTicketKey) this.#takeTickets(tickets);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Returns the content of a file that has changed. */
  #changed<F extends PublishedFile>(file: F): PublishedFiles[F] | undefined {
    const version = this.#files.version(file);
    if (version === (this.#versions.get(file) ?? '')) return undefined;
    const content = this.#files.read(file) as PublishedFiles[F] | undefined;
    if (content !== undefined) this.#versions.set(file, version);
    return content;
  }

  #takeChallenges(challenges: readonly PublishedChallenge[]): void {
    this.#challenges = new Map();
    const responses: Record<string, string> = {};
    const alpnChallenges: Record<string, string> = {};
    for (const challenge of challenges) {
      if (challenge.kind === 'http') responses[challenge.path] = challenge.text;
      else {
        const id = challengeId(challenge);
        alpnChallenges[challenge.host] = id;
        this.#challenges.set(id, challenge);
      }
    }
    this.#set = { ...this.#set, responses, alpnChallenges, pending: challenges.map(({ host }) => host) };
  }

  #takeTickets(tickets = this.#files.read('tickets') as PublishedFiles['tickets'] | undefined): void {
    const now = this.#clock.now();
    const usable = tickets ?? [];
    const current = usable.filter(({ from }) => from <= now);
    const later = usable.filter(({ from }) => from > now);
    this.#nextTicketKey = later.at(-1)?.from ?? Infinity;
    this.#set = { ...this.#set, ticketKeys: [...current, ...later].map(({ key }) => key) };
  }
}
