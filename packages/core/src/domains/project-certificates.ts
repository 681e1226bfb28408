import type { ProjectId } from '../names/id.ts';
import type { DomainName } from '../names/name.ts';
import type { Certificate } from '../ports/certificates.ts';
import { fail, ok, type Result } from '../result/result.ts';
import { commandWord } from './domain-name.ts';
import type { DomainPorts } from './domain-ports.ts';
import { publishDomains } from './served-domains.ts';

type Refused = ReturnType<typeof fail> & Readonly<{ name: string }>;

/** Returns the certificates that cover a domain of the project, the first to expire first. */
export const certificatesOf =
  (ports: Pick<DomainPorts, 'certificates' | 'domains'>) =>
  async (projectId: ProjectId): Promise<readonly Certificate[]> => {
    const names = await heldNames(ports, projectId);
    return (await ports.certificates.list()).filter((certificate) => certificate.names.some((name) => names.has(name)));
  };

/**
 * Stores an uploaded certificate. Every name in it must be a domain of the project: the edge would serve it for names
 * of other projects otherwise.
 */
export const uploadCertificate =
  (ports: Pick<DomainPorts, 'certificates' | 'domains' | 'served' | 'clock' | 'site'>) =>
  async (projectId: ProjectId, chainPem: string, keyPem: string): Promise<Result<Certificate>> => {
    const inspected = await ports.certificates.inspect(chainPem, keyPem);
    if (!inspected.ok) return inspected;
    const foreign = await foreignName(ports, projectId, inspected.value);
    if (foreign !== undefined) return foreign;
    const uploaded = await ports.certificates.upload(chainPem, keyPem);
    if (!uploaded.ok) return uploaded;
    // A name may have changed hands since: what was removed for its new owner then did not have this upload yet.
    const lost = await foreignName(ports, projectId, uploaded.value);
    if (lost !== undefined) {
      await ports.certificates.removeUploads(lost.name);
      return lost;
    }
    await checkSoon(ports, projectId, uploaded.value.names);
    await publishDomains(ports)();
    return ok(uploaded.value);
  };

/** Returns the refusal of a certificate that is for a name of another project, or of none. */
async function foreignName(
  ports: Pick<DomainPorts, 'domains'>,
  projectId: ProjectId,
  { names }: Certificate,
): Promise<Refused | undefined> {
  const held = await heldNames(ports, projectId);
  const name = names.find((each) => !held.has(each));
  if (name === undefined) return undefined;
  const refused = fail(
    'invalid_input',
    `The certificate is also for ${name}, which is no domain of this project`,
    `Add the domain first: anchor domains add ${commandWord(name)}`,
    `it is for ${names.join(', ')}`,
  );
  return { ...refused, name };
}

async function heldNames(ports: Pick<DomainPorts, 'domains'>, projectId: ProjectId): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await ports.domains.list(projectId, { limit: 100, ...(cursor === undefined ? {} : { cursor }) });
    for (const { name, holder } of page.items) if (holder) names.add(name);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return names;
}

/** Makes the next check of these domains due now, so that their states follow the upload. */
async function checkSoon(
  { domains, clock }: Pick<DomainPorts, 'domains' | 'clock'>,
  projectId: ProjectId,
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    const domain = (await domains.byName(name as DomainName)).find((each) => each.projectId === projectId);
    if (domain !== undefined)
      await domains.replace({ ...domain, nextCheckAt: clock.now(), version: domain.version + 1 });
  }
}
