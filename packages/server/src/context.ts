import type { RequestMetrics } from '@anchor/core/metrics/request-metrics.ts';
import type { PlatformOperations } from '@anchor/core/ports/platform-operations.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import type { RecordHandler } from '@anchor/core/records/redrive.ts';
import type { AttemptLimit } from '@anchor/core/sessions/attempt-limit.ts';
import type { ApiAccess } from './http/access.ts';
import type { RateLimits } from './http/rate-limits.ts';
import type { SessionCookie } from './http/session-cookie.ts';
import type { ServerLog } from './http/log.ts';
import type { ServerSettings } from './settings.ts';

/** The context of every part of the server. `closing` aborts when the server shuts down: streams end then. */
export type ServerContext = Readonly<{
  ports: Ports;
  operations: PlatformOperations;
  metrics: RequestMetrics;
  settings: ServerSettings;
  log: ServerLog;
  rateLimits: RateLimits;
  access: ApiAccess;
  /** Wrong passwords by account. */
  accounts: AttemptLimit;
  cookie: SessionCookie;
  /** The actions on failed records, by kind. */
  records: Map<string, RecordHandler>;
  startedAt: number;
  closing: AbortSignal;
}>;
