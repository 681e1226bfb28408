import type { Project } from '../projects/project.ts';
import type { GcPorts } from './retention-settings.ts';

/** Reads a listing to its end, a page at a time. */
export async function* pages<T>(
  fetch: (cursor: string | undefined) => Promise<Readonly<{ items: readonly T[]; cursor?: string }>>,
): AsyncIterable<T> {
  let cursor: string | undefined;
  do {
    const page = await fetch(cursor);
    yield* page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}
export const pageAfter = (cursor: string | undefined) => ({ limit: 100, ...(cursor === undefined ? {} : { cursor }) });
export const everyProject = (ports: GcPorts) => pages((cursor) => ports.projects.list(pageAfter(cursor)));
export const everyDeployment = (ports: GcPorts, project: Project) =>
  pages((cursor) => ports.deployments.list({ projectId: project.id }, pageAfter(cursor)));
export const everyDelivery = (ports: GcPorts, project: Project) =>
  pages((cursor) => ports.deliveries.list({ projectId: project.id }, pageAfter(cursor)));
