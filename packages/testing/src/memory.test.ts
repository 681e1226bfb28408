import { createHash } from 'node:crypto';
import { parseCommitSha } from '@anchor/core/names/name.ts';
import { fail, ok } from '@anchor/core/result/result.ts';
import { manualClock } from './clock.ts';
import { aliasStoreContract } from './contracts/aliases.ts';
import { blobStoreContract } from './contracts/blob-store.ts';
import { capacityContract } from './contracts/capacity.ts';
import { deliveryStoreContract } from './contracts/deliveries.ts';
import { deploymentStoreContract } from './contracts/deployments.ts';
import { edgeProbeContract, type Served } from './contracts/edge-probe.ts';
import { idempotencyStoreContract } from './contracts/idempotency.ts';
import { intakeContract } from './contracts/intake.ts';
import { jobQueueContract } from './contracts/job-queue.ts';
import { logStoreContract } from './contracts/log-store.ts';
import { projectStoreContract } from './contracts/projects.ts';
import { repositoriesContract } from './contracts/repositories.ts';
import { routeTableContract } from './contracts/route-table.ts';
import { secretBoxContract } from './contracts/secret-box.ts';
import { tokenStoreContract } from './contracts/tokens.ts';
import { variableStoreContract } from './contracts/variables.ts';
import { blobStore } from './memory/blob-store.ts';
import { capacity } from './memory/capacity.ts';
import { edgeProbe } from './memory/edge-probe.ts';
import { intakeStore } from './memory/intake.ts';
import { jobQueue } from './memory/job-queue.ts';
import { logStore } from './memory/log-store.ts';
import { repositories } from './memory/repositories.ts';
import { secretBox } from './memory/secret-box.ts';
import { memoryStores } from './memory/stores.ts';
import { must } from './samples.ts';

const end = async (): Promise<void> => undefined;

projectStoreContract('projects in memory', async () => ({ subject: memoryStores().projects, end }));
deploymentStoreContract('deployments in memory', async () => ({ subject: memoryStores().deployments, end }));
aliasStoreContract('aliases in memory', async () => ({ subject: memoryStores().aliases, end }));
deliveryStoreContract('deliveries in memory', async () => ({ subject: memoryStores().deliveries, end }));
variableStoreContract('variables in memory', async () => ({ subject: memoryStores().variables, end }));
tokenStoreContract('tokens in memory', async () => ({ subject: memoryStores().tokens, end }));
idempotencyStoreContract('idempotency in memory', async () => ({ subject: memoryStores().idempotency, end }));
blobStoreContract('blobs in memory', async () => ({ subject: blobStore(), end }));
logStoreContract('logs in memory', async () => ({ subject: logStore(), end }));
secretBoxContract('secrets in memory', async () => ({ subject: secretBox(), end }));
jobQueueContract('jobs in memory', async () => {
  const clock = manualClock();
  return { subject: jobQueue(clock), clock, end };
});
intakeContract('pushes in memory', async () => {
  const { deliveries, deployments } = memoryStores();
  const queue = jobQueue(manualClock());
  return { subject: { intake: intakeStore(deliveries, deployments, queue), deliveries, deployments, queue }, end };
});
routeTableContract('routes in memory', async () => {
  const stores = memoryStores();
  return { subject: stores.routes(), stores, end };
});
capacityContract('room in memory', async () => {
  const subject = capacity();
  const set = (room: typeof subject.room) => async (): Promise<void> => void (subject.room = room);
  return { subject, fill: set('none'), free: set('enough'), lose: set('unknown'), end };
});
edgeProbeContract('edge in memory', async () => {
  const served = new Map<string, Served>();
  const subject = edgeProbe({ get: async (host) => served.get(host) });
  subject.answer = (host, path) => {
    const answer = served.get(host)?.answer(path);
    if (answer === 'silent') return new Promise(() => undefined);
    return answer === undefined ? fail('verification_failed', 'There is no edge', 'Start it.') : ok(answer);
  };
  return { subject, serve: (host, what) => void served.set(host, what), away: async () => served.clear(), end };
});
repositoriesContract('repositories in memory', async () => {
  const subject = repositories();
  let pushes = 0;
  return {
    subject,
    push: async (projectId, branch, commit) => {
      pushes += 1;
      const sha = must(parseCommitSha(createHash('sha1').update(String(pushes)).digest('hex')));
      subject.push(projectId, branch, sha, commit);
      return sha;
    },
    end,
  };
});
