import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { HostRoute } from '@anchor/core/ports/route-table.ts';
import type { Target } from '../http/request-target.ts';
import type { Exchange } from '../http1/transport.ts';
import type { Site } from './site.ts';

/** Everything known of a request once its deployment is chosen. */
export type RoutedRequest<E extends Exchange = Exchange> = Readonly<{
  exchange: E;
  route: HostRoute;
  site: Site;
  deploymentId: DeploymentId;
  target: Target;
}>;
