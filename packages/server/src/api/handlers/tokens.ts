import type { Api } from '@anchor/client/endpoints/table.ts';
import { parseId } from '@anchor/core/names/id.ts';
import { issueToken, revokeToken } from '@anchor/core/tokens/tokens.ts';
import { fail, ok } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../../context.ts';
import { findProject } from '../authorize.ts';
import type { HandlersOf } from '../handler.ts';
import { pageRequest } from '../page-request.ts';
import { pageView, tokenView } from '../views/views.ts';

export function tokenHandlers({ ports }: ServerContext): HandlersOf<Api['tokens']> {
  return {
    list: async ({ query }) => ok(pageView(await ports.tokens.list(pageRequest(query)), tokenView)),
    create: async ({ body, change }) => {
      const project = body.project === undefined ? undefined : await findProject(ports, body.project);
      if (body.project !== undefined && project === undefined)
        return fail('not_found', `There is no project ${body.project}`, 'List projects with: anchor projects list');
      const issued = await issueToken(ports)({
        name: body.name,
        scope: body.scope,
        ...(project === undefined ? {} : { projectId: project.id }),
        ...(body.expiresInDays === undefined ? {} : { days: body.expiresInDays }),
      });
      if (!issued.ok) return issued;
      const token = tokenView(issued.value.token);
      change.after(token);
      return ok({ token, value: issued.value.secret });
    },
    current: async ({ token }) => ok(tokenView(token)),
    remove: async ({ params, change }) => {
      const id = parseId('tok', params.token);
      const token = id === undefined ? undefined : await ports.tokens.get(id);
      if (token === undefined)
        return fail('not_found', 'There is no such token', 'List tokens with: anchor tokens list');
      change.before(tokenView(token));
      return revokeToken(ports)(token.id);
    },
  };
}
