/**
 * Writes deliveries, a switch, jobs, blobs and log lines under the data directory given, round after round, until it is
 * killed. A round's number is printed once all of it has been acknowledged.
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@anchor/core/ports/clock.ts';
import { openBlobStore } from '../blobs/blob-store.ts';
import { openDatabase } from '../sqlite/database.ts';
import { openJobQueue } from '../sqlite/stores/job-queue.ts';
import { openLogStore } from '../logs/log-store.ts';
import { openStores } from '../sqlite/stores/stores.ts';
import { roundAlias, roundBlob, roundDelivery, roundDeployment, roundJob } from './round.ts';

const [data = ''] = process.argv.slice(2);
const opened = openDatabase(join(data, 'anchor.db'));
if (!opened.ok) throw new Error(opened.error.message);
const stores = openStores(opened.value);
const queue = openJobQueue(opened.value, systemClock);
const blobs = openBlobStore(join(data, 'blobs'));
const logs = openLogStore(join(data, 'logs'));

for (let round = 1; ; round++) {
  const written = await Promise.all([
    stores.deliveries.insert(roundDelivery(round)),
    stores.aliases.compareAndSet(roundAlias(round)),
    queue.enqueue(roundJob(round)),
    blobs.put(roundBlob(round)),
    logs.append('build', roundDeployment, [{ at: round, level: 'info', text: `round ${round}` }]),
  ]);
  if (written.includes(false)) throw new Error(`round ${round} was refused`);
  writeSync(1, `${round}\n`);
}
