import type { HostRoute } from '@anchor/core/ports/route-table.ts';
import { parseId, type DeploymentId } from '@anchor/core/names/id.ts';
import { parseHostName, type HostName } from '@anchor/core/names/name.ts';
import type { Row } from '../sqlite/database.ts';

/** host, project_id, deployment_id, removed, artifact, and `previous` as `<deployment> <artifact> <until>,…`. */
export type RouteRow = Row;

/**
 * Returns the route that a row of aliases describes; undefined for a removed alias, or one whose deployment has no
 * artifact.
 */
export function routeOf(row: RouteRow): HostRoute | undefined {
  const text = String(row['host']);
  // A wildcard domain's alias; no request can name it.
  const host = parseHostName(text.replace(/^\*\./, ''));
  const projectId = parseId('prj', String(row['project_id']));
  const deploymentId = parseId('dpl', String(row['deployment_id']));
  const artifact = row['artifact'];
  if (
    row['removed'] !== 0 ||
    !host.ok ||
    projectId === undefined ||
    deploymentId === undefined ||
    typeof artifact !== 'string'
  )
    return undefined;
  // A snapshot file of an older version names the column `earlier`.
  const previous = row['previous'] ?? row['earlier'];
  return new StoredRoute(
    { host: text as HostName, projectId, deploymentId, artifact },
    typeof previous === 'string' ? previous : '',
  );
}

/** Stores twenty previous deployments as one string, parsed on use: 5,000 hosts fit in a few MB of each edge worker. */
class StoredRoute implements HostRoute {
  readonly host: HostRoute['host'];
  readonly projectId: HostRoute['projectId'];
  readonly deploymentId: DeploymentId;
  readonly artifact: string;
  readonly #previous: string;

  constructor(route: Omit<HostRoute, 'previous'>, previous: string) {
    this.host = route.host;
    this.projectId = route.projectId;
    this.deploymentId = route.deploymentId;
    this.artifact = route.artifact;
    this.#previous = previous;
  }

  get previous(): HostRoute['previous'] {
    return this.#previous.split(',').flatMap((entry) => {
      const [id = '', artifact, until] = entry.split(' ');
      const deploymentId = parseId('dpl', id);
      return deploymentId === undefined || artifact === undefined
        ? []
        : [{ deploymentId, artifact, until: Number(until ?? 0) }];
    });
  }
}
