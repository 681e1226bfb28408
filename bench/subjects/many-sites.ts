import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { openBlobStore } from '@anchor/adapter-local/blobs/blob-store.ts';
import { openDatabase } from '@anchor/adapter-local/sqlite/database.ts';
import { pathsIn } from '@anchor/adapter-local/paths.ts';
import { openStores } from '@anchor/adapter-local/sqlite/stores/stores.ts';
import type { Manifest } from '@anchor/core/artifact/manifest.ts';
import { newId } from '@anchor/core/names/id.ts';
import {
  type HostName,
  parseBranchName,
  parseCommitSha,
  parseHostName,
  parseProjectName,
  PRODUCTION,
} from '@anchor/core/names/name.ts';
import { DEFAULT_FUNCTIONS, DEFAULT_HEALTH } from '@anchor/core/projects/project.ts';
import type { Result } from '@anchor/core/result/result.ts';

const PARALLEL = 500;
/** About what a small prerendered page weighs. */
const PAGE_BYTES = 6_000;

/**
 * Fills an empty data directory with `count` live sites, as if each had been pushed once. Each is a project with one
 * deployment, a page of its own and three aliases (production, branch, deployment). Returns their production hosts.
 */
export async function makeSites(data: string, count: number): Promise<readonly HostName[]> {
  const paths = pathsIn(data);
  await mkdir(data, { recursive: true });
  const opened = must(openDatabase(paths.database));
  const stores = openStores(opened);
  const blobs = openBlobStore(paths.blobs);
  const hosts = Array.from({ length: count }, (_, i) => must(parseHostName(`site-${i}.localhost`)));

  async function make(host: HostName, i: number): Promise<void> {
    const now = Date.now() - 1;
    const page = Buffer.from(
      `<!DOCTYPE html><title>Site ${i}</title><p>This is site ${i}.</p>`.padEnd(PAGE_BYTES, 'x'),
    );
    const file = { blob: await blobs.put(page), size: page.length, type: 'text/html; charset=utf-8' };
    const manifest: Manifest = {
      version: 1,
      components: {
        web: {
          kind: 'web',
          framework: { name: 'static' },
          basePath: '',
          trailingSlash: false,
          files: { '/index.html': file },
          prerenders: {},
        },
      },
    };
    const artifact = await blobs.put(Buffer.from(JSON.stringify(manifest)));
    const projectId = newId('prj', now);
    const deploymentId = newId('dpl', now);
    const main = must(parseBranchName('main'));
    await stores.projects.insert({
      id: projectId,
      name: must(parseProjectName(`site-${i}`)),
      source: { kind: 'hosted' },
      productionBranch: main,
      branchRules: [],
      build: {},
      health: DEFAULT_HEALTH,
      functions: DEFAULT_FUNCTIONS,
      webhookSecret: '',
      deployHookHash: '',
      actionsKey: '',
      status: 'active',
      createdAt: now,
      updatedAt: now,
      version: 1,
    });
    const own = must(
      parseHostName(`site-${i}-${createHash('sha256').update(deploymentId).digest('hex').slice(0, 8)}.localhost`),
    );
    const commit = must(parseCommitSha(createHash('sha1').update(host).digest('hex')));
    await stores.deployments.insert({
      id: deploymentId,
      projectId,
      environment: PRODUCTION,
      source: { kind: 'git', commit, branch: main },
      dedupeKey: deploymentId,
      state: 'success',
      trusted: true,
      artifact,
      host: own,
      steps: [],
      attempt: 1,
      createdAt: now,
      updatedAt: now,
      version: 1,
    });
    const alias = { projectId, deploymentId, pinned: false, history: [], revision: 1, updatedAt: now } as const;
    await Promise.all([
      stores.aliases.compareAndSet({ ...alias, host, kind: 'environment', target: PRODUCTION }),
      stores.aliases.compareAndSet({
        ...alias,
        host: must(parseHostName(`site-${i}-main.localhost`)),
        kind: 'branch',
        target: 'main',
      }),
      stores.aliases.compareAndSet({ ...alias, host: own, kind: 'deployment', target: deploymentId }),
    ]);
  }
  for (let from = 0; from < count; from += PARALLEL)
    await Promise.all(hosts.slice(from, from + PARALLEL).map((host, i) => make(host, from + i)));
  opened.close();
  return hosts;
}

function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
}
