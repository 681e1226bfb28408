import { join } from 'node:path';
import { systemClock } from '@anchor/core/ports/clock.ts';
import { pushTransactionContract, type PushTransactionPorts } from '@anchor/testing/contracts/push-transaction.ts';
import { must } from '@anchor/testing/samples.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { openDatabase, type Database } from '../database.ts';
import { openPushTransaction } from './push-transaction.ts';
import { openJobQueue } from './job-queue.ts';
import { openStores } from './stores.ts';

const portsOver = (db: Database): PushTransactionPorts => {
  const queue = openJobQueue(db, systemClock);
  const { deliveries, deployments } = openStores(db);
  return { pushes: openPushTransaction(db, queue), deliveries, deployments, queue };
};

pushTransactionContract('pushes in SQLite', async () => {
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
