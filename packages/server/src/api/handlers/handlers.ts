import type { Api } from '@anchor/client/endpoints/table.ts';
import type { ServerContext } from '../../context.ts';
import type { HandlersOf } from '../handler.ts';
import { auditHandlers } from './audit.ts';
import { deliveryHandlers } from './deliveries.ts';
import { deploymentHandlers } from './deployments.ts';
import { certificateHandlers, domainHandlers } from './domains.ts';
import { environmentHandlers } from './environments.ts';
import { metricHandlers } from './metrics.ts';
import { peopleHandlers } from './people.ts';
import { sessionHandlers } from './sessions.ts';
import { invitationHandlers, teamHandlers } from './teams.ts';
import { deadLetterHandlers, platformHandlers } from './platform.ts';
import { aliasHandlers, projectHandlers } from './projects.ts';
import { tokenHandlers } from './tokens.ts';
import { variableHandlers } from './variables.ts';

export const handlers = (server: ServerContext): HandlersOf<Api> => ({
  projects: projectHandlers(server),
  environments: environmentHandlers(server),
  variables: variableHandlers(server),
  aliases: aliasHandlers(server),
  domains: domainHandlers(server),
  certificates: certificateHandlers(server),
  deployments: deploymentHandlers(server),
  deliveries: deliveryHandlers(server),
  tokens: tokenHandlers(server),
  audit: auditHandlers(server),
  metrics: metricHandlers(server),
  sessions: sessionHandlers(server),
  people: peopleHandlers(server),
  teams: teamHandlers(server),
  invitations: invitationHandlers(server),
  deadLetters: deadLetterHandlers(server),
  platform: platformHandlers(server),
});
