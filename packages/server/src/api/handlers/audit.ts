import type { Api } from '@anchor/client/endpoints/table.ts';
import { exportAudit } from '@anchor/core/audit/export-audit.ts';
import { parseId } from '@anchor/core/names/id.ts';
import { teamOf, type Team } from '@anchor/core/people/team.ts';
import type { AuditFilter } from '@anchor/core/ports/audit-store.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../../context.ts';
import { findProject } from '../authorize.ts';
import type { HandlersOf } from '../handler.ts';
import { pageRequest } from '../page-request.ts';
import { auditEntryView, compact, pageView } from '../views/views.ts';

type Query = Readonly<{ project?: string | undefined; actor?: string | undefined; action?: string | undefined }>;

export function auditHandlers({ ports }: ServerContext): HandlersOf<Api['audit']> {
  const filterOf = async ({ project, actor, action }: Query, team: Team | undefined): Promise<Result<AuditFilter>> => {
    const found = project === undefined ? undefined : await findProject(ports, project);
    const elsewhere = found !== undefined && team !== undefined && teamOf(found) !== team.id;
    // The log of a removed project stays, and its id is all that is left of it.
    const projectId = found?.id ?? parseId('prj', project ?? '');
    return (project !== undefined && projectId === undefined) || elsewhere
      ? fail(
          'not_found',
          `There is no project ${project}`,
          'List projects with: anchor projects list; name a removed one by its id, which anchor audit list --json has.',
        )
      : ok(compact({ teamId: team?.id, projectId, actorId: actor, action }));
  };
  return {
    list: async ({ query, team }) => {
      const filter = await filterOf(query, team);
      return filter.ok
        ? ok(pageView(await ports.audit.list(filter.value, pageRequest(query)), auditEntryView))
        : filter;
    },
    export: async ({ query, team }) => {
      const filter = await filterOf(query, team);
      return filter.ok ? ok(exportAudit(ports.audit, filter.value, query.format ?? 'jsonl')) : filter;
    },
  };
}
