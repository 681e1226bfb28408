import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import type { BranchName } from '@anchor/core/names/name.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import { remoteHeads } from './remote-heads.ts';
import { settingsSchema } from './settings.ts';

test(
  'lookups of one project at a git host that does not respond take no slot from other projects',
  { timeout: 60_000 },
  async (t) => {
    const requested: string[] = [];
    const server = createServer((request, response) => {
      requested.push(request.url ?? '');
      if (request.url?.startsWith('/good') === true) response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const settings = settingsSchema.parse({ data: '/nonexistent', allowGitHosts: ['localhost'] });
    const heads = remoteHeads(
      {
        seal: async () => '',
        open: async () => {
          throw new Error('not requested');
        },
      } as never,
      settings,
      { PATH: process.env['PATH'] ?? '' },
    );
    const project = (id: string, path: string): Project =>
      ({
        id,
        source: { kind: 'git', url: `http://localhost:${port}/${path}.git`, provider: 'generic' },
      }) as unknown as Project;
    const ref = { kind: 'branch', branch: 'main' as BranchName } as const;
    const hostile = Array.from({ length: 12 }, () => heads.head(project('prj_a', 'bad'), ref, 3_000));
    const other = await heads.head(project('prj_b', 'good'), ref, 10_000);
    assert.ok(!other.ok && /did not list its branches/.test(other.error.message));
    const all = await Promise.all(hostile);
    assert.ok(all.every(({ ok }) => !ok));
    assert.equal(requested.filter((url) => url.startsWith('/bad')).length, 2);
    assert.equal(
      all.filter((each) => !each.ok && /Too many requests of this project/.test(each.error.message)).length,
      10,
    );
  },
);
