import { openServer } from '@anchor/server/fixtures/open-server.ts';
import { gitRemoteContract } from '@anchor/testing/contracts/git-remote.ts';

gitRemoteContract('the git remote of one machine', async () => {
  const ends: (() => unknown)[] = [];
  const server = await openServer({ after: (end) => void ends.push(end as () => unknown) });
  const { ports } = server;
  const [{ project }, other] = [await server.project('shop'), await server.project('other')];
  return {
    url: server.url,
    project: project.name,
    tokens: {
      read: await server.token('read'),
      deploy: await server.token('deploy'),
      otherProject: await server.token('deploy', other.project.id),
    },
    branchHead: (branch) => ports.repositories.branchHead(project.id, branch),
    deliveries: async () => (await ports.deliveries.list({ projectId: project.id }, { limit: 10 })).items.length,
    recover: () => server.server.recovery.pushes(),
    end: async () => {
      for (const end of ends) await end();
    },
  };
});
