/**
 * Writes deliveries, a switch, jobs, blobs and log lines under the data directory given, round after round, until it is
 * killed. A round's number is printed once all of it has been acknowledged.
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { openBlobStore } from '@anchor/adapter-local/blob-store.ts';
import { openDatabase } from '@anchor/adapter-local/database.ts';
import { openJobQueue } from '@anchor/adapter-local/job-queue.ts';
import { openLogStore } from '@anchor/adapter-local/log-store.ts';
import { openStores } from '@anchor/adapter-local/stores.ts';
import { systemClock } from '@anchor/core/ports/clock.ts';
import { must, sampleJob } from '../samples.ts';
import { roundAlias, roundBlob, roundDelivery, roundDeployment } from './round.ts';

const [data = ''] = process.argv.slice(2);
const db = must(openDatabase(join(data, 'anchor.db')));
const stores = openStores(db);
const queue = openJobQueue(db, systemClock);
const blobs = openBlobStore(join(data, 'blobs'));
const logs = openLogStore(join(data, 'logs'));

for (let round = 1; ; round++) {
  const written = await Promise.all([
    stores.deliveries.insert(roundDelivery(round)),
    stores.aliases.compareAndSet(roundAlias(round)),
    queue.enqueue(sampleJob({ dedupeKey: `job-${round}` })),
    blobs.put(roundBlob(round)),
    logs.append('build', roundDeployment, [{ at: round, level: 'info', text: `round ${round}` }]),
  ]);
  if (written.includes(false)) throw new Error(`round ${round} was refused`);
  writeSync(1, `${round}\n`);
}
