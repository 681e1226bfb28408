import { join } from 'node:path';
import type { Stores } from '@anchor/core/ports/stores.ts';
import { aliasStoreContract } from '@anchor/testing/contracts/aliases.ts';
import { auditStoreContract } from '@anchor/testing/contracts/audit.ts';
import { deliveryStoreContract } from '@anchor/testing/contracts/deliveries.ts';
import { deploymentStoreContract } from '@anchor/testing/contracts/deployments.ts';
import { domainStoreContract } from '@anchor/testing/contracts/domains.ts';
import { factStoreContract } from '@anchor/testing/contracts/facts.ts';
import { failedRecordContract } from '@anchor/testing/contracts/failed-records.ts';
import { idempotencyStoreContract } from '@anchor/testing/contracts/idempotency.ts';
import {
  invitationStoreContract,
  personStoreContract,
  sessionStoreContract,
  teamStoreContract,
} from '@anchor/testing/contracts/people.ts';
import { projectStoreContract } from '@anchor/testing/contracts/projects.ts';
import { tokenStoreContract } from '@anchor/testing/contracts/tokens.ts';
import { uploadStoreContract } from '@anchor/testing/contracts/uploads.ts';
import { variableStoreContract } from '@anchor/testing/contracts/variables.ts';
import type { Harness } from '@anchor/testing/harness.ts';
import { must } from '@anchor/testing/samples.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { openDatabase } from '../database.ts';
import { openStores } from './stores.ts';

const sqlite =
  <K extends keyof Stores>(kind: K) =>
  async (): Promise<Harness<Stores[K]>> => {
    const directory = await temporaryDirectory();
    const file = join(directory.path, 'anchor.db');
    let db = must(openDatabase(file));
    return {
      subject: openStores(db)[kind],
      reopen: async () => {
        db.close();
        db = must(openDatabase(file));
        return openStores(db)[kind];
      },
      end: async () => {
        db.close();
        await directory.remove();
      },
    };
  };

projectStoreContract('projects in SQLite', sqlite('projects'));
deploymentStoreContract('deployments in SQLite', sqlite('deployments'));
aliasStoreContract('aliases in SQLite', sqlite('aliases'));
deliveryStoreContract('deliveries in SQLite', sqlite('deliveries'));
variableStoreContract('variables in SQLite', sqlite('variables'));
tokenStoreContract('tokens in SQLite', sqlite('tokens'));
idempotencyStoreContract('idempotency in SQLite', sqlite('idempotency'));
uploadStoreContract('uploads in SQLite', sqlite('uploads'));
domainStoreContract('domains in SQLite', sqlite('domains'));
auditStoreContract('audit log in SQLite', sqlite('audit'));
personStoreContract('people in SQLite', sqlite('people'));
teamStoreContract('teams in SQLite', sqlite('teams'));
invitationStoreContract('invitations in SQLite', sqlite('invitations'));
sessionStoreContract('sessions in SQLite', sqlite('sessions'));
factStoreContract('facts in SQLite', sqlite('facts'));
failedRecordContract('failed records in SQLite', sqlite('failedRecords'));
