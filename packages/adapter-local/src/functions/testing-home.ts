import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Manifest } from '@anchor/core/artifact/manifest.ts';
import type { Deployment } from '@anchor/core/deployments/deployment.ts';
import { sealSnapshot } from '@anchor/core/environments/snapshot.ts';
import { newId, type DeploymentId, type ProjectId } from '@anchor/core/names/id.ts';
import { parseBranchName, parseCommitSha, parseHostName, parseProjectName, PRODUCTION } from '@anchor/core/names/name.ts';
import { systemClock } from '@anchor/core/ports/clock.ts';
import type { LogStore } from '@anchor/core/ports/log-store.ts';
import { DEFAULT_FUNCTIONS, DEFAULT_HEALTH, type FunctionSettings, type Project } from '@anchor/core/projects/project.ts';
import { ok, type Result } from '@anchor/core/result/result.ts';
import { openBlobStore } from '../blob-store.ts';
import { openLogStore } from '../log-store.ts';
import { emitModules } from '../modules.ts';
import { pathsIn, type Paths } from '../paths.ts';
import { createSandboxes } from '../sandbox/sandboxes.ts';
import { openSecretBox } from '../secret-box.ts';
import type { LauncherPorts } from './launcher.ts';
import { DEFAULT_HOST_SETTINGS, type FunctionHostSettings } from './settings.ts';
import { createTrees } from './tree.ts';

type Records = { deployments: Record<DeploymentId, Deployment>; projects: Record<ProjectId, Project> };

/** A data directory with everything that a function host needs, for tests: real blobs, logs, secrets and sandboxes. */
export type TestingHome = Readonly<{
  paths: Paths;
  ports: LauncherPorts;
  logs: LogStore;
  /** A deployment of the fixture server (or of other files) in a project of its own or a given one. */
  deploy(options?: Readonly<{ variables?: Readonly<Record<string, string>>; secrets?: readonly string[]; functions?: Partial<FunctionSettings>; projectId?: ProjectId; files?: Readonly<Record<string, string>> }>): Promise<DeploymentId>;
  remove(): Promise<void>;
}>;

/** `existing`: the directory of a home that another process opened, with its deployments. */
export async function openTestingHome(settings: Partial<FunctionHostSettings> = {}, existing?: string): Promise<TestingHome> {
  const data = existing ?? (await mkdtemp(join(tmpdir(), 'anchor-test-')));
  const paths = pathsIn(data);
  const blobs = openBlobStore(paths.blobs);
  const secrets = must(await openSecretBox(paths.key));
  const recordsFile = join(data, 'records.json');
  const records = (): Promise<Records> => readFile(recordsFile, 'utf8').then((text): Records => JSON.parse(text), () => ({ deployments: {}, projects: {} }));
  const { runtimeDir } = await emitModules(paths);
  const nodeDirectory = dirname(dirname(await realpath(process.execPath)));
  const sandboxes = createSandboxes({ data });
  const put = (text: string): Promise<string> => blobs.put(new TextEncoder().encode(text));
  const logs = openLogStore(paths.logs);
  const ports: LauncherPorts = {
    paths, blobs, secrets, sandboxes, clock: systemClock, modules: runtimeDir, logs,
    settings: { ...DEFAULT_HOST_SETTINGS, ...settings }, trees: createTrees(paths, { blobs, blobFile: blobs.pathOf }),
    nodes: { directory: async () => ok(nodeDirectory) },
    deployments: { get: async (id) => (await records()).deployments[id] }, projects: { get: async (id) => (await records()).projects[id] }, aliases: { listByProject: async () => [] },
  };
  return {
    paths, ports, logs,
    async deploy({ variables = {}, secrets: hidden = [], functions = {}, projectId = newId('prj', Date.now()), files = {} } = {}) {
      const all = { 'server.mjs': await readFile(new URL('./fixtures/server.mjs', import.meta.url), 'utf8'), ...files };
      const entries = await Promise.all(Object.entries(all).map(async ([path, text]) => ({ path, blob: await put(text), size: Buffer.byteLength(text) })));
      const tree = await put(JSON.stringify({ version: 1, entries }));
      const manifest: Manifest = {
        version: 1,
        components: { web: { kind: 'web', framework: { name: 'node' }, basePath: '', trailingSlash: false, files: {}, prerenders: {}, function: { kind: 'server', tree, cwd: '', argv: ['node', 'server.mjs'], node: process.versions.node } } },
      };
      const id = newId('dpl', Date.now());
      const now = Date.now();
      const project: Project = {
        id: projectId, name: must(parseProjectName('site')), source: { kind: 'hosted' }, productionBranch: must(parseBranchName('main')), branchRules: [], build: {}, health: DEFAULT_HEALTH,
        functions: { ...DEFAULT_FUNCTIONS, memoryMb: 256, ...functions }, webhookSecret: '', deployHookHash: '', actionsKey: '', status: 'active', createdAt: now, updatedAt: now, version: 1,
      };
      const deployment: Deployment = {
        id, projectId, environment: PRODUCTION, source: { kind: 'git', commit: must(parseCommitSha('a'.repeat(40))), branch: must(parseBranchName('main')) }, dedupeKey: id, state: 'success', trusted: true,
        artifact: await put(JSON.stringify(manifest)), environmentSnapshot: await sealSnapshot({ secrets })(id, { build: {}, run: variables, secrets: [...hidden] }),
        host: must(parseHostName('site.localhost')), steps: [], attempt: 1, createdAt: now, updatedAt: now, version: 1,
      };
      const { deployments, projects } = await records();
      await writeFile(recordsFile, JSON.stringify({ deployments: { ...deployments, [id]: deployment }, projects: { ...projects, [projectId]: project } }));
      return id;
    },
    async remove() {
      await sandboxes.close();
      await sandboxes.sweep();
      await rm(data, { recursive: true, force: true });
    },
  };
}

export function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message} ${result.error.cause ?? ''}`);
  return result.value;
}
