import type { ProjectId } from '../names/id.ts';
import type { Ports } from '../ports/ports.ts';
import { Marks } from './mark.ts';

type OwnerPorts = Pick<Ports, 'projects' | 'deployments' | 'blobs'>;

/**
 * Returns a project with a deployment that names the blob; undefined when there is none. Reads every manifest: for the
 * rare blob that is damaged.
 */
export async function ownerOfBlob(ports: OwnerPorts, hash: string): Promise<ProjectId | undefined> {
  for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
    const page = await ports.projects.list({ limit: 100, ...(cursor === undefined ? {} : { cursor }) });
    for (const project of page.items) if (await names(ports, project.id, hash)) return project.id;
    cursor = page.cursor;
  }
  return undefined;
}

async function names(ports: OwnerPorts, projectId: ProjectId, hash: string): Promise<boolean> {
  const marks = new Marks(ports.blobs);
  for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
    const page = await ports.deployments.list(
      { projectId },
      { limit: 100, ...(cursor === undefined ? {} : { cursor }) },
    );
    for (const deployment of page.items) await marks.addArtifactOf(deployment);
    if (marks.needs({ hash, writtenAt: Number.NaN })) return true;
    cursor = page.cursor;
  }
  return false;
}
