import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBlobStore } from '@anchor/adapter-local/blobs/blob-store.ts';
import { emitModules } from '@anchor/function-host/modules.ts';
import { pathsIn } from '@anchor/adapter-local/paths.ts';
import { BubblewrapSandboxes } from '@anchor/sandbox-linux/sandboxes.ts';
import { manifestSchema, type Manifest } from '@anchor/core/artifact/manifest.ts';
import { treeSchema, type Tree } from '@anchor/core/artifact/tree.ts';
import { newId, type ProjectId } from '@anchor/core/names/id.ts';
import type { BranchName, CommitSha } from '@anchor/core/names/name.ts';
import type { BuildRequest, Built } from '@anchor/core/ports/build-runner.ts';
import type { Result } from '@anchor/core/result/result.ts';
import { createBuilder, type BuilderOptions } from '@anchor/build-runner/create-builder.ts';
import { createCompressor } from '@anchor/packaging/output/compressor.ts';
import { createNodes } from '@anchor/build-runner/tools/nodes.ts';
import { createNpm } from '@anchor/build-runner/tools/npm.ts';
import { createTools } from '@anchor/build-runner/tools/package-managers.ts';

/** The output and steps of a build, for tests. */
export type BuildOutput = { log: string; steps: string[]; bytes: number };

/**
 * A builder with everything real, under a directory of its own; Node versions and package managers are kept between
 * runs.
 */
export async function openHome(options: Partial<BuilderOptions> = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'anchor-test-builder-'));
  const paths = pathsIn(dir);
  const trustStore = process.env['NODE_EXTRA_CA_CERTS'];
  const sandboxes = new BubblewrapSandboxes({ data: dir, ...(trustStore === undefined ? {} : { trustStore }) });
  const available = await sandboxes.available();
  if (!available.ok)
    throw new Error(`These tests need real sandboxes: ${available.error.cause}. ${available.error.fix}`);
  const cacheDirectory = join(homedir(), '.cache', 'anchor-test');
  const environment = Object.fromEntries(
    ['PATH', 'HOME', 'NODE_EXTRA_CA_CERTS', 'HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'].flatMap((name) =>
      process.env[name] === undefined ? [] : [[name, process.env[name]]],
    ),
  );
  const npm = createNpm({ cache: join(cacheDirectory, 'npm'), environment });
  const nodes = createNodes({ dir: join(cacheDirectory, 'nodes'), npm });
  const tools = createTools({ dir: join(cacheDirectory, 'tools'), npm });
  const blobs = openBlobStore(paths.blobs);
  const { runtimeDir } = await emitModules(paths);
  const builder = createBuilder({
    sandboxes,
    blobs,
    nodes,
    tools,
    compressor: createCompressor({ blobs, dir: join(dir, 'compressed') }),
    repository: paths.repository,
    modules: runtimeDir,
    temporary: paths.temporary,
    ...(trustStore === undefined ? {} : { trustStore }),
    ...options,
    limits: { diskMb: 2048, ...options.limits },
  });
  const project: ProjectId = newId('prj', Date.now());
  const repository = paths.repository(project);
  const workTree = join(dir, 'worktree');
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd: workTree,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', HOME: dir },
    }).trim();
  mkdirSync(workTree, { recursive: true });
  mkdirSync(repository, { recursive: true });
  git('init', '-q', '-b', 'main', '.');
  execFileSync('git', ['init', '-q', '--bare', repository]);

  return {
    dir,
    paths,
    sandboxes,
    blobs,
    nodes,
    tools,
    builder,
    project,
    workTree,
    git,
    /** Commits the work tree, as changed by `change`, to the platform's own repository. */
    commit(change: (dir: string) => void, from?: string): CommitSha {
      if (from !== undefined) cpSync(from, workTree, { recursive: true });
      change(workTree);
      git('add', '-A', '.');
      git('commit', '-q', '--allow-empty', '-m', 'change');
      git('push', '-q', '--force', repository, 'HEAD:refs/heads/main');
      return git('rev-parse', 'HEAD') as CommitSha;
    },
    async build(
      commit: CommitSha,
      {
        cache,
        ...request
      }: Omit<Partial<BuildRequest>, 'cache'> & Readonly<{ cache?: BuildRequest['cache'] | 'none' }> = {},
      signal: AbortSignal = new AbortController().signal,
      onOutput: (chunk: string) => void = () => {},
    ): Promise<Result<Built> & { observed: BuildOutput }> {
      const observed: BuildOutput = { log: '', steps: [], bytes: 0 };
      const result = await builder.run(
        {
          deploymentId: newId('dpl', Date.now()),
          projectId: project,
          repository: { kind: 'hosted' },
          source: { kind: 'git', commit, branch: 'main' as BranchName },
          settings: {},
          variables: {},
          secrets: [],
          ...(cache === 'none' ? {} : { cache: cache ?? { scope: 'production' } }),
          ...request,
        },
        {
          output: (chunk) => {
            onOutput(chunk);
            observed.bytes += chunk.length;
            if (observed.log.length < 1 << 20) observed.log += chunk;
          },
          step: (step) => observed.steps.push(step),
        },
        signal,
      );
      return { ...result, observed };
    },
    async manifest(artifact: string): Promise<Manifest> {
      return manifestSchema.parse(JSON.parse(new TextDecoder().decode(await blobs.get(artifact))));
    },
    async tree(blob: string): Promise<Tree> {
      return treeSchema.parse(JSON.parse(new TextDecoder().decode(await blobs.get(blob))));
    },
    async text(blob: string): Promise<string> {
      return new TextDecoder().decode(await blobs.get(blob));
    },
    async close(): Promise<void> {
      await builder.idle();
      await sandboxes.removeDisk(project.replaceAll('_', '-'));
      await sandboxes.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
export type Home = Awaited<ReturnType<typeof openHome>>;
