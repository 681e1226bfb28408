import type { Api } from '@anchor/client/endpoints/table.ts';
import type { LogFilter } from '@anchor/core/ports/log-store.ts';
import type { LogLine } from '@anchor/core/logs/log-line.ts';
import { ok } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../../context.ts';
import { watchDeployment, type Watched } from '../../deployments/watch.ts';
import type { EncodedEvents, HandlersOf, Sent } from '../handler.ts';
import { lineEvents } from '../line-events.ts';
import type * as contract from '../views/contract.ts';
import { compact, deploymentView } from '../views/views.ts';

const DEFAULT_LINES = 1_000;
const DEFAULT_RUN_LINES = 100;
/** Characters of text in one page: it is serialized in one step on the shared event loop. */
const PAGE_TEXT = 1024 * 1024;
type Query = Readonly<{
  level?: LogLine['level'] | undefined;
  requestId?: string | undefined;
  text?: string | undefined;
  after?: number | undefined;
  limit?: number | undefined;
}>;
const filterOf = ({ level, requestId, text, after, limit }: Query): LogFilter =>
  compact({ level, requestId, text, after, limit });

export function logHandlers({ ports }: ServerContext): HandlersOf<Api['deployments']['logs']> {
  return {
    list: async ({ deployment, query }) => {
      const limit = query.limit ?? DEFAULT_LINES;
      const items = [
        ...(await ports.logs.read(query.kind ?? 'build', deployment.id, {
          ...filterOf(query),
          limit,
          maxText: PAGE_TEXT,
        })),
      ];
      const last = items.at(-1);
      const full = items.length === limit || items.reduce((sum, { text }) => sum + text.length, 0) >= PAGE_TEXT;
      return ok({ items, ...(full && last !== undefined ? { cursor: String(last.n) } : {}) });
    },
    follow: async ({ deployment, query, lastEventId, signal }) => {
      const kind = query.kind ?? 'build';
      const resumed = lastEventId !== undefined && /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : undefined;
      const after = resumed ?? query.after ?? (query.limit === undefined && kind === 'build' ? 0 : undefined);
      const filter = filterOf({
        ...query,
        after,
        limit: after === undefined ? (query.limit ?? DEFAULT_RUN_LINES) : undefined,
      });
      return ok(sent(watchDeployment(ports, deployment.id, kind, filter, signal)));
    },
  };

  async function* sent(watched: AsyncIterable<Watched>): AsyncGenerator<Sent<contract.LogEvent> | EncodedEvents> {
    for await (const event of watched) {
      if (event.type === 'lines') yield { encoded: lineEvents(event.page) };
      else
        yield {
          data: {
            type: event.type,
            deployment: deploymentView(
              event.deployment,
              await ports.aliases.listByProject(event.deployment.projectId),
              ports.site,
            ),
          },
        };
    }
  }
}
