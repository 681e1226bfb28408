import { join } from 'node:path';
import { systemClock } from '@anchor/core/ports/clock.ts';
import { intakeContract, type IntakePorts } from '@anchor/testing/contracts/intake.ts';
import { must } from '@anchor/testing/samples.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { openDatabase, type Database } from './database.ts';
import { openIntake } from './intake.ts';
import { openJobQueue } from './job-queue.ts';
import { openStores } from './stores.ts';

const portsOver = (db: Database): IntakePorts => {
  const queue = openJobQueue(db, systemClock);
  const { deliveries, deployments } = openStores(db);
  return { intake: openIntake(db, queue), deliveries, deployments, queue };
};

intakeContract('pushes in SQLite', async () => {
  const directory = await temporaryDirectory();
  const file = join(directory.path, 'anchor.db');
  let db = must(openDatabase(file));
  return {
    subject: portsOver(db),
    reopen: async () => {
      db.close();
      db = must(openDatabase(file));
      return portsOver(db);
    },
    end: async () => {
      db.close();
      await directory.remove();
    },
  };
});
