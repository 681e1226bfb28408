import type { Stores } from '@anchor/core/ports/stores.ts';
import { aliasStore } from './aliases.ts';
import { auditStore } from './audit.ts';
import type { Database } from '../database.ts';
import { deliveryStore } from './deliveries.ts';
import { deploymentStore } from './deployments.ts';
import { domainStore } from './domains.ts';
import { factStore } from './facts.ts';
import { failedRecordStore } from './failed-records.ts';
import { idempotencyStore } from './idempotency.ts';
import { invitationStore } from './invitations.ts';
import { personStore } from './people.ts';
import { sessionStore } from './sessions.ts';
import { teamStore } from './teams.ts';
import { projectStore } from './projects.ts';
import { tokenStore } from './tokens.ts';
import { uploadStore } from './uploads.ts';
import { variableStore } from './variables.ts';

/** Opens every store of one machine, over one database. */
export const openStores = (db: Database): Stores => ({
  projects: projectStore(db),
  deployments: deploymentStore(db),
  aliases: aliasStore(db),
  deliveries: deliveryStore(db),
  variables: variableStore(db),
  tokens: tokenStore(db),
  idempotency: idempotencyStore(db),
  uploads: uploadStore(db),
  failedRecords: failedRecordStore(db),
  facts: factStore(db),
  domains: domainStore(db),
  audit: auditStore(db),
  people: personStore(db),
  teams: teamStore(db),
  invitations: invitationStore(db),
  sessions: sessionStore(db),
});
