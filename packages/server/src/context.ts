import type { Ports } from '@anchor/core/ports/ports.ts';
import type { Home } from './home.ts';
import type { ApiAccess } from './http/access.ts';
import type { Guards } from './http/guards.ts';
import type { ServerLog } from './http/log.ts';
import type { ServerSettings } from './settings.ts';

/** What every part of the server is made with. `closing` aborts when the server shuts down: streams end then. */
export type ServerContext = Readonly<{
  ports: Ports;
  home: Home;
  settings: ServerSettings;
  log: ServerLog;
  guards: Guards;
  access: ApiAccess;
  startedAt: number;
  closing: AbortSignal;
}>;
