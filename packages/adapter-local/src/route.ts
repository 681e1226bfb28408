import type { HostRoute } from '@anchor/core/ports/route-table.ts';
import { parseId, type DeploymentId } from '@anchor/core/names/id.ts';
import { parseHostName } from '@anchor/core/names/name.ts';
import type { Row } from './database.ts';

/** host, project_id, deployment_id, removed, artifact, and `earlier` as `<deployment> <artifact> <until>,…`. */
export type RouteRow = Row;

/** The route that a row of aliases describes; undefined for a removed alias, or one whose deployment has no artifact. */
export function routeOf(row: RouteRow): HostRoute | undefined {
  const host = parseHostName(String(row['host']));
  const projectId = parseId('prj', String(row['project_id']));
  const deploymentId = parseId('dpl', String(row['deployment_id']));
  const artifact = row['artifact'];
  if (row['removed'] !== 0 || !host.ok || projectId === undefined || deploymentId === undefined || typeof artifact !== 'string') return undefined;
  const earlier = typeof row['earlier'] === 'string' ? row['earlier'] : '';
  return new StoredRoute({ host: host.value, projectId, deploymentId, artifact }, earlier);
}

/** Twenty earlier deployments as one string, taken apart when asked for: 5,000 hosts fit in a few MB of each edge worker. */
class StoredRoute implements HostRoute {
  readonly host: HostRoute['host'];
  readonly projectId: HostRoute['projectId'];
  readonly deploymentId: DeploymentId;
  readonly artifact: string;
  readonly #earlier: string;

  constructor(route: Omit<HostRoute, 'earlier'>, earlier: string) {
    this.host = route.host;
    this.projectId = route.projectId;
    this.deploymentId = route.deploymentId;
    this.artifact = route.artifact;
    this.#earlier = earlier;
  }

  get earlier(): HostRoute['earlier'] {
    return this.#earlier.split(',').flatMap((entry) => {
      const [id = '', artifact, until] = entry.split(' ');
      const deploymentId = parseId('dpl', id);
      return deploymentId === undefined || artifact === undefined ? [] : [{ deploymentId, artifact, until: Number(until ?? 0) }];
    });
  }
}
