import { newId } from '../names/id.ts';
import { PREVIEW, PRODUCTION, type DomainName, type EnvironmentName } from '../names/name.ts';
import type { Project } from '../projects/project.ts';
import { fail, ok, type Result } from '../result/result.ts';
import { randomText } from '../tokens/tokens.ts';
import { commandWord, isWildcard, parseDomainName, registeredDomain, sibling } from './domain-name.ts';
import type { DomainPorts } from './domain-ports.ts';
import { moved, type Domain, type DomainTarget } from './domain.ts';
import { HELD_MS } from './ownership.ts';

const MAX_DOMAINS = 1_000;
const TOKEN_CHARS = 32;

export type DomainInput = Readonly<{ name: string; environment?: EnvironmentName; redirectTo?: string }>;
/** `suggested`: `www.` of an apex or the apex of `www.`, when the project does not have it yet. */
export type AddedDomain = Readonly<{ domain: Domain; suggested?: DomainName }>;

/**
 * Adds a domain to a project. Its first check runs within a second. Errors: `invalid_input`, `already_exists` when the
 * project has it, `conflict` when another request was faster, `not_found` for a redirect to an unknown domain.
 */
export const addDomain =
  (ports: DomainPorts) =>
  async (project: Project, input: DomainInput): Promise<Result<AddedDomain>> => {
    const name = parseDomainName(input.name, platformNames(ports));
    if (!name.ok) return name;
    const target = await targetOf(ports, project, name.value, input);
    if (!target.ok) return target;
    const own = (await ports.domains.byName(name.value)).find(({ projectId }) => projectId === project.id);
    if (own !== undefined && own.state !== 'removed')
      return fail(
        'already_exists',
        `${name.value} is a domain of this project already`,
        `Check it with: anchor domains check ${commandWord(name.value)}`,
        `it is ${own.state}: ${own.reason}`,
      );
    if (own === undefined && (await isFull(ports, project)))
      return fail('conflict', `The project has ${MAX_DOMAINS} domains`, 'Use a wildcard, or another project.');
    const domain = await store(ports, project, name.value, target.value, own);
    if (domain === undefined)
      return fail(
        'conflict',
        `${name.value} was added concurrently`,
        `Retry: anchor domains add ${commandWord(name.value)}`,
      );
    // Removing a name keeps an upload that has others, too: its key must not serve the name's next project.
    if (own === undefined && domain.holder) await ports.certificates.removeUploads(name.value);
    const suggested = await suggestionFor(ports, project, name.value);
    return ok({ domain, ...(suggested === undefined ? {} : { suggested }) });
  };

export const platformNames = ({ site }: Pick<DomainPorts, 'site'>) => ({
  domain: site.domain,
  ...(site.apiDomain === undefined ? {} : { apiDomain: site.apiDomain }),
});

async function targetOf(
  ports: DomainPorts,
  project: Project,
  name: DomainName,
  { environment = PRODUCTION, redirectTo }: DomainInput,
): Promise<Result<DomainTarget>> {
  if (redirectTo === undefined) {
    if (environment !== PREVIEW) return ok({ kind: 'environment', environment });
    return fail('invalid_input', 'Preview has no host of its own for a domain', 'Name production or a stage.');
  }
  const to = parseDomainName(redirectTo, platformNames(ports));
  if (!to.ok) return to;
  const canonical = (await ports.domains.byName(to.value)).find(
    ({ projectId, state }) => projectId === project.id && state !== 'removed',
  );
  if (to.value === name || isWildcard(to.value) || canonical?.target.kind === 'redirect')
    return fail(
      'invalid_input',
      `${to.value} does not serve the site, so ${name} cannot redirect to it`,
      'Name the domain that serves the site: anchor domains list',
    );
  if (canonical === undefined)
    return fail(
      'not_found',
      `${to.value} is no domain of this project`,
      `Add it first: anchor domains add ${to.value}`,
    );
  return ok({ kind: 'redirect', to: to.value });
}

/**
 * Stores the domain: with its name, unless it is a wildcard or another project has or had a name of the same registered
 * domain. Then its owner decides. Returns undefined when another request was faster.
 */
async function store(
  ports: DomainPorts,
  project: Project,
  name: DomainName,
  target: DomainTarget,
  before: Domain | undefined,
): Promise<Domain | undefined> {
  const make = (required: boolean): Domain => newDomain(ports.clock.now(), project, name, target, before, required);
  if (!isWildcard(name)) {
    const holder = make(false);
    const heldSince = Math.max(0, ports.clock.now() - HELD_MS);
    const admitted = await ports.domains.admit(holder, registeredDomain(name), heldSince);
    if (admitted !== 'claimed') return admitted === 'stored' ? holder : undefined;
  }
  const claim = make(true);
  const stored = before === undefined ? await ports.domains.insert(claim) : await ports.domains.replace(claim);
  return stored ? claim : undefined;
}

function newDomain(
  now: number,
  project: Project,
  name: DomainName,
  target: DomainTarget,
  before: Domain | undefined,
  required: boolean,
): Domain {
  const first = {
    state: required ? 'unverified' : 'pending',
    reason: required ? `The owner of ${name} has to name this project` : 'The first check is about to run',
    steps: [],
  } as const;
  const fresh: Domain = {
    id: before?.id ?? newId('dom', now),
    name,
    projectId: project.id,
    target,
    ...first,
    since: now,
    holder: !required,
    ownership: { required },
    checkToken: randomText(TOKEN_CHARS),
    attempts: 0,
    nextCheckAt: now,
    events: [{ at: now, state: first.state, reason: first.reason }],
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
    version: 1,
  };
  if (before === undefined) return fresh;
  const { version, events, since } = moved(before, now, first);
  // The name stays reserved for the project that had it, even while another one uses it.
  const { removedAt } = before;
  return { ...fresh, version, events, since, ...(removedAt === undefined ? {} : { removedAt }) };
}

async function isFull(ports: DomainPorts, project: Project): Promise<boolean> {
  let count = 0;
  let cursor: string | undefined;
  do {
    const page = await ports.domains.list(project.id, { limit: 100, ...(cursor === undefined ? {} : { cursor }) });
    count += page.items.length;
    cursor = page.cursor;
  } while (cursor !== undefined);
  return count >= MAX_DOMAINS;
}

async function suggestionFor(ports: DomainPorts, project: Project, name: DomainName): Promise<DomainName | undefined> {
  const other = sibling(name);
  if (other === undefined || !parseDomainName(other, platformNames(ports)).ok) return undefined;
  const known = (await ports.domains.byName(other)).some(
    ({ projectId, state }) => projectId === project.id && state !== 'removed',
  );
  return known ? undefined : other;
}
