import type { Command } from './framework/command.ts';
import { approve } from './commands/approve.ts';
import { auditExport } from './commands/audit-export.ts';
import { auditList } from './commands/audit-list.ts';
import { backup } from './commands/backup.ts';
import { cancel } from './commands/cancel.ts';
import { certificatesList } from './commands/certificates-list.ts';
import { certificatesRenew } from './commands/certificates-renew.ts';
import { certificatesUpload } from './commands/certificates-upload.ts';
import { deadLettersDrop } from './commands/dead-letters-drop.ts';
import { deadLettersList } from './commands/dead-letters-list.ts';
import { deadLettersRevive } from './commands/dead-letters-revive.ts';
import { deliveriesList } from './commands/deliveries-list.ts';
import { deliveriesReplay } from './commands/deliveries-replay.ts';
import { deploy } from './commands/deploy.ts';
import { deploymentsList } from './commands/deployments-list.ts';
import { doctor } from './commands/doctor.ts';
import { domainsAdd } from './commands/domains-add.ts';
import { domainsCheck } from './commands/domains-check.ts';
import { domainsList } from './commands/domains-list.ts';
import { domainsRemove } from './commands/domains-remove.ts';
import { envList } from './commands/env-list.ts';
import { envPull } from './commands/env-pull.ts';
import { envPush } from './commands/env-push.ts';
import { envSet } from './commands/env-set.ts';
import { envUnset } from './commands/env-unset.ts';
import { gc } from './commands/gc.ts';
import { gitCredential } from './commands/git-credential.ts';
import { init } from './commands/init.ts';
import { inspect } from './commands/inspect.ts';
import { join } from './commands/join.ts';
import { password } from './commands/password.ts';
import { peopleList } from './commands/people-list.ts';
import { peopleInvite } from './commands/people-invite.ts';
import { peopleInvitations } from './commands/people-invitations.ts';
import { peopleRole } from './commands/people-role.ts';
import { peopleRemove } from './commands/people-remove.ts';
import { peopleReset } from './commands/people-reset.ts';
import { peopleSuspend } from './commands/people-suspend.ts';
import { sessionsList } from './commands/sessions-list.ts';
import { sessionsRevoke } from './commands/sessions-revoke.ts';
import { teamsList } from './commands/teams-list.ts';
import { teamsCreate } from './commands/teams-create.ts';
import { teamsLeave } from './commands/teams-leave.ts';
import { link } from './commands/link.ts';
import { login } from './commands/login.ts';
import { logout } from './commands/logout.ts';
import { logs } from './commands/logs.ts';
import { metrics } from './commands/metrics.ts';
import { open } from './commands/open.ts';
import { projectsCreate } from './commands/projects-create.ts';
import { projectsHooks } from './commands/projects-hooks.ts';
import { projectsInspect } from './commands/projects-inspect.ts';
import { projectsList } from './commands/projects-list.ts';
import { projectsRemove } from './commands/projects-remove.ts';
import { projectsUpdate } from './commands/projects-update.ts';
import { promote } from './commands/promote.ts';
import { redeploy } from './commands/redeploy.ts';
import { restore } from './commands/restore.ts';
import { rollback } from './commands/rollback.ts';
import { tokensCreate } from './commands/tokens-create.ts';
import { tokensList } from './commands/tokens-list.ts';
import { tokensRevoke } from './commands/tokens-revoke.ts';
import { whoami } from './commands/whoami.ts';

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  login,
  join,
  logout,
  whoami,
  password,
  init,
  link,
  deploy,
  redeploy,
  logs,
  open,
  inspect,
  promote,
  rollback,
  cancel,
  approve,
  projectsList,
  projectsCreate,
  projectsInspect,
  projectsUpdate,
  projectsHooks,
  projectsRemove,
  deploymentsList,
  {
    ...inspect,
    name: 'deployments inspect',
    examples: inspect.examples.map((example) => example.replace('anchor inspect', 'anchor deployments inspect')),
  },
  domainsAdd,
  domainsList,
  domainsCheck,
  domainsRemove,
  certificatesList,
  certificatesUpload,
  certificatesRenew,
  envList,
  envSet,
  envUnset,
  envPull,
  envPush,
  deliveriesList,
  deliveriesReplay,
  tokensList,
  tokensCreate,
  tokensRevoke,
  metrics,
  peopleList,
  peopleInvite,
  peopleInvitations,
  peopleRole,
  peopleRemove,
  peopleReset,
  peopleSuspend,
  sessionsList,
  sessionsRevoke,
  teamsList,
  teamsCreate,
  teamsLeave,
  auditList,
  auditExport,
  deadLettersList,
  deadLettersRevive,
  deadLettersDrop,
  doctor,
  gc,
  backup,
  restore,
  gitCredential,
];
