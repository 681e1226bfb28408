import type { Api } from '@anchor/client/endpoints/table.ts';
import { parseId } from '@anchor/core/names/id.ts';
import { issueToken, revokeToken } from '@anchor/core/tokens/tokens.ts';
import { teamOf } from '@anchor/core/people/team.ts';
import { fail, ok } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../../context.ts';
import { findProject } from '../authorize.ts';
import type { HandlersOf } from '../handler.ts';
import { pageRequest } from '../page-request.ts';
import { pageView, tokenView } from '../views/views.ts';

export function tokenHandlers({ ports }: ServerContext): HandlersOf<Api['tokens']> {
  return {
    list: async ({ query, team }) => ok(pageView(await ports.tokens.list(pageRequest(query), team?.id), tokenView)),
    create: async ({ body, team, change }) => {
      const project = body.project === undefined ? undefined : await findProject(ports, body.project);
      const elsewhere = project !== undefined && team !== undefined && teamOf(project) !== team.id;
      if (body.project !== undefined && (project === undefined || elsewhere))
        return fail('not_found', `There is no project ${body.project}`, 'List projects with: anchor projects list');
      const issued = await issueToken(ports)({
        name: body.name,
        scope: body.scope,
        ...(project === undefined ? {} : { projectId: project.id }),
        ...(team === undefined ? {} : { teamId: team.id }),
        ...(body.expiresInDays === undefined ? {} : { days: body.expiresInDays }),
      });
      if (!issued.ok) return issued;
      const token = tokenView(issued.value.token);
      change.after(token);
      return ok({ token, value: issued.value.secret });
    },
    current: async ({ caller }) =>
      caller.kind === 'token'
        ? ok(tokenView(caller.token))
        : fail('not_found', 'This request has a session, not a token', 'Use GET /api/people/current.'),
    remove: async ({ params, team, change }) => {
      const id = parseId('tok', params.token);
      const token = id === undefined ? undefined : await ports.tokens.get(id);
      if (token === undefined || (team !== undefined && token.teamId !== team.id))
        return fail('not_found', 'There is no such token', 'List tokens with: anchor tokens list');
      change.before(tokenView(token));
      return revokeToken(ports)(token.id);
    },
  };
}
