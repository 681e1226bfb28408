import { createHash } from 'node:crypto';
import { parseCommitSha } from '@anchor/core/names/name.ts';
import { createProject } from '@anchor/core/projects/projects.ts';
import { fail, ok } from '@anchor/core/result/result.ts';
import { DEFAULT_RETENTION } from '@anchor/core/retention/retention-settings.ts';
import { manualClock } from './clock.ts';
import { aliasStoreContract } from './contracts/aliases.ts';
import { auditStoreContract } from './contracts/audit.ts';
import { blobStoreContract } from './contracts/blob-store.ts';
import { branchHeadsContract, newCommit } from './contracts/branch-heads.ts';
import { capacityContract } from './contracts/capacity.ts';
import { deliveryStoreContract } from './contracts/deliveries.ts';
import { certificatesContract } from './contracts/certificates.ts';
import { deploymentStoreContract } from './contracts/deployments.ts';
import { dnsLookupContract } from './contracts/dns-lookup.ts';
import { domainStoreContract } from './contracts/domains.ts';
import { edgeProbeContract, type Served } from './contracts/edge-probe.ts';
import { certificateStoreContract } from './contracts/certificate-store.ts';
import { factStoreContract } from './contracts/facts.ts';
import { failedRecordContract } from './contracts/failed-records.ts';
import { identityContract } from './contracts/identity.ts';
import {
  invitationStoreContract,
  personStoreContract,
  sessionStoreContract,
  teamStoreContract,
} from './contracts/people.ts';
import { idempotencyStoreContract } from './contracts/idempotency.ts';
import { pushTransactionContract } from './contracts/push-transaction.ts';
import { jobQueueContract } from './contracts/job-queue.ts';
import { logStoreContract } from './contracts/log-store.ts';
import { platformOperationsContract } from './contracts/platform-operations.ts';
import { projectStoreContract } from './contracts/projects.ts';
import { repositoriesContract } from './contracts/repositories.ts';
import { routeTableContract } from './contracts/route-table.ts';
import { secretBoxContract } from './contracts/secret-box.ts';
import { servedCertificatesContract } from './contracts/served-certificates.ts';
import { tokenStoreContract } from './contracts/tokens.ts';
import { uploadStoreContract } from './contracts/uploads.ts';
import { variableStoreContract } from './contracts/variables.ts';
import { blobStore } from './memory/blob-store.ts';
import { memoryHeads } from './memory/branch-heads.ts';
import { capacity } from './memory/capacity.ts';
import { memoryCertificates } from './memory/certificates.ts';
import { memoryDns } from './memory/dns-lookup.ts';
import { edgeProbe } from './memory/edge-probe.ts';
import { pushTransaction } from './memory/push-transaction.ts';
import { MemoryIdentity } from './memory/identity.ts';
import { jobQueue } from './memory/job-queue.ts';
import { logStore } from './memory/log-store.ts';
import { memoryHome } from './memory/home.ts';
import { platformOperations } from './memory/platform-operations.ts';
import { repositories } from './memory/repositories.ts';
import { secretBox } from './memory/secret-box.ts';
import { certificateStore } from './memory/certificate-store.ts';
import { MemoryServedCertificates } from './memory/served-certificates.ts';
import { memoryStores } from './memory/stores.ts';
import { must, sampleProject } from './samples.ts';

const end = async (): Promise<void> => undefined;

projectStoreContract('projects in memory', async () => ({ subject: memoryStores().projects, end }));
deploymentStoreContract('deployments in memory', async () => ({ subject: memoryStores().deployments, end }));
aliasStoreContract('aliases in memory', async () => ({ subject: memoryStores().aliases, end }));
deliveryStoreContract('deliveries in memory', async () => ({ subject: memoryStores().deliveries, end }));
variableStoreContract('variables in memory', async () => ({ subject: memoryStores().variables, end }));
tokenStoreContract('tokens in memory', async () => ({ subject: memoryStores().tokens, end }));
idempotencyStoreContract('idempotency in memory', async () => ({ subject: memoryStores().idempotency, end }));
uploadStoreContract('uploads in memory', async () => ({ subject: memoryStores().uploads, end }));
certificateStoreContract('certificates in memory', async () => ({ subject: certificateStore(), end }));
certificatesContract('certificates of tests', async () => {
  const clock = manualClock();
  const subject = memoryCertificates(clock.now);
  const settle = async (): Promise<void> => subject.issueAll();
  return { subject, now: clock.now, settle, setProvider: (present) => void (subject.hasProvider = present), end };
});
dnsLookupContract('lookups in memory', async () => {
  const subject = memoryDns(Date.now);
  subject.set('here.example', {});
  return { subject, here: 'here.example', absent: 'absent.example', end };
});
domainStoreContract('domains in memory', async () => ({ subject: memoryStores().domains, end }));
auditStoreContract('audit log in memory', async () => ({ subject: memoryStores().audit, end }));
personStoreContract('people in memory', async () => ({ subject: memoryStores().people, end }));
teamStoreContract('teams in memory', async () => ({ subject: memoryStores().teams, end }));
invitationStoreContract('invitations in memory', async () => ({ subject: memoryStores().invitations, end }));
sessionStoreContract('sessions in memory', async () => ({ subject: memoryStores().sessions, end }));
identityContract('identity in memory', async () => ({ subject: new MemoryIdentity(), end }));
factStoreContract('facts in memory', async () => ({ subject: memoryStores().facts, end }));
failedRecordContract('failed records in memory', async () => ({ subject: memoryStores().failedRecords, end }));
blobStoreContract('blobs in memory', async () => ({ subject: blobStore(), end }));
logStoreContract('logs in memory', async () => ({ subject: logStore(), end }));
secretBoxContract('secrets in memory', async () => ({ subject: secretBox(), end }));
jobQueueContract('jobs in memory', async () => {
  const clock = manualClock();
  return { subject: jobQueue(clock), clock, end };
});
pushTransactionContract('pushes in memory', async () => {
  const { deliveries, deployments } = memoryStores();
  const queue = jobQueue(manualClock());
  return { subject: { pushes: pushTransaction(deliveries, deployments, queue), deliveries, deployments, queue }, end };
});
routeTableContract('routes in memory', async () => {
  const stores = memoryStores();
  return { subject: stores.routes(), stores, end };
});
branchHeadsContract('heads in memory', async () => {
  const subject = memoryHeads();
  const push = async (ref: string) => {
    const commit = newCommit();
    subject.set(ref, commit);
    return commit;
  };
  return {
    subject,
    project: sampleProject(),
    pullRequests: true,
    push,
    stop: async () => void (subject.reachable = false),
    end,
  };
});
capacityContract('capacity in memory', async () => {
  const subject = capacity();
  const set = (space: typeof subject.space) => async (): Promise<void> => void (subject.space = space);
  return { subject, fill: set('none'), free: set('enough'), lose: set('unknown'), end };
});
edgeProbeContract('edge in memory', async () => {
  const served = new Map<string, Served>();
  const subject = edgeProbe({ get: async (host) => served.get(host) });
  subject.respond = (host, path) => {
    const response = served.get(host)?.respond(path);
    if (response === 'silent') return new Promise(() => undefined);
    return response === undefined ? fail('verification_failed', 'There is no edge', 'Start it.') : ok(response);
  };
  return { subject, serve: (host, what) => void served.set(host, what), away: async () => served.clear(), end };
});
platformOperationsContract('operations in memory', async () => {
  const home = memoryHome();
  const subject = platformOperations(home);
  must(await createProject(home)('shop', {}));
  const garbage = async () => {
    const hash = await home.blobs.put(Buffer.from('unused'));
    home.clock.advance(DEFAULT_RETENTION.graceMs + 1);
    return hash;
  };
  return { subject, blobs: home.blobs, garbage, restarts: subject.restarts, end };
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

servedCertificatesContract('served certificates in memory', async () => {
  const subject = new MemoryServedCertificates();
  return { subject, running: subject, open: () => Promise.resolve(subject), end };
});
