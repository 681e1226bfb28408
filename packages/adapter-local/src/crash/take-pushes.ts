/**
 * Accepts pushes under the data directory given, ten at once, some of them of a known commit, until it is killed. The
 * external id of each stored push is printed once it has been acknowledged.
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { newId } from '@anchor/core/names/id.ts';
import { PREVIEW, type BranchName, type CommitSha, type HostName } from '@anchor/core/names/name.ts';
import { systemClock } from '@anchor/core/ports/clock.ts';
import { openDatabase } from '../sqlite/database.ts';
import { openPushTransaction } from '../sqlite/stores/push-transaction.ts';
import { openJobQueue } from '../sqlite/stores/job-queue.ts';
import { roundDelivery, roundJob, roundProject } from './round.ts';

const [data = ''] = process.argv.slice(2);
const opened = openDatabase(join(data, 'anchor.db'));
if (!opened.ok) throw new Error(opened.error.message);
const pushes = openPushTransaction(opened.value, openJobQueue(opened.value, systemClock));

async function push(round: number): Promise<void> {
  const id = newId('dpl', round);
  const known = round % 5 === 0;
  const taken = await pushes.commit({
    delivery: { ...roundDelivery(round), state: 'accepted', deploymentIds: [id] },
    deployment: {
      id,
      projectId: roundProject,
      environment: PREVIEW,
      source: { kind: 'git', commit: 'a'.repeat(40) as CommitSha, branch: 'main' as BranchName },
      dedupeKey: `commit-${known ? round - 1 : round}`,
      state: 'queued',
      trusted: true,
      host: 'x.localhost' as HostName,
      steps: [],
      attempt: 0,
      createdAt: round,
      updatedAt: round,
      version: 1,
    },
    job: { ...roundJob(round), dedupeKey: id },
  });
  if (taken !== (known ? 'duplicate_deployment' : 'stored')) throw new Error(`push ${round}: ${taken}`);
  if (!known) writeSync(1, `${round}\n`);
}

for (let round = 1; ; round += 10) await Promise.all(Array.from({ length: 10 }, (_, i) => push(round + i)));
