import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { CertificateTable } from '@anchor/core/ports/certificate-table.ts';
import type { Clock } from '@anchor/core/ports/clock.ts';
import type { FunctionHost } from '@anchor/core/ports/function-host.ts';
import type { RouteTable } from '@anchor/core/ports/route-table.ts';
import type { Assets } from '../static/assets.ts';
import type { AccessLogSink } from '../observability/access-log.ts';
import type { SiteLog } from '../observability/site-log.ts';
import type { EdgeSettings } from '../util/settings.ts';

export type EdgeOptions = AccessLogSink &
  Readonly<{
    routes: RouteTable;
    functions: FunctionHost;
    assets: Assets;
    settings: EdgeSettings;
    clock: Clock;
    /**
     * Returns the path of the file to which a deployment's functions append invalidated tags: one JSON `{tag, at}` per
     * line.
     */
    tagLog(deploymentId: DeploymentId): string;
    siteLog?: SiteLog;
    /** The certificates and domains that the server published; without it there is no HTTPS. */
    certificates?: CertificateTable;
    /** Unix sockets that whole connections for a host name are passed on to, over TLS: the control plane's. */
    tunnels?: ReadonlyMap<string, string>;
  }>;

/** The ports that are listened on. */
export type EdgePorts = Readonly<{ port: number; httpsPort?: number }>;

export type EdgeListen = Readonly<{
  host: string;
  /** 0 takes any free one. */
  port: number;
  /** Several workers share the port. */
  reusePort?: boolean;
  /** Port of the https listener, on the same host; 0 takes any free one. Without it there is none. */
  httpsPort?: number;
  /** Path of the worker's control socket, see control.ts. */
  control?: string;
}>;
