import { join } from 'node:path';
import { lstat } from 'node:fs/promises';
import type { BuildRequest } from '@anchor/core/ports/build-runner.ts';
import type { Mount } from '@anchor/core/ports/sandbox.ts';
import {
  store,
  findCachedTree,
  restore,
  isUnchanged,
  fingerprintTree,
  type CachedTree,
  type TreeFingerprint,
} from '../install/dependency-cache.ts';
import { skippable, type InstallStep, type PackageFacts } from '../install/install.ts';
import type { PackageManager } from '@anchor/packaging/detect/package-manager.ts';
import { readJsonInTree } from '@anchor/packaging/checkout/checkout-fs.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import { scopeFolders, type Session } from '../session/session.ts';

/** How the dependencies of one build come about. */
export type Dependencies = Readonly<{
  /**
   * `moved`: the scope's own tree is in place; `copy`: another scope's is to be copied inside the sandbox; `install`:
   * neither.
   */
  how: 'moved' | 'copy' | 'install';
  copyFrom?: CachedTree;
  /** Scripts of the root package that run although the install is skipped. */
  scripts: readonly string[];
  mounts: readonly Mount[];
  survey: TreeFingerprint | undefined;
  mayKeep: boolean;
  /** Packages whose install scripts were skipped when the tree in use was installed. */
  skipped: readonly string[];
}>;

export async function planDependencies(
  session: Session,
  request: BuildRequest,
  manager: PackageManager,
  step: InstallStep,
  installFolder: string,
  salt: readonly string[],
): Promise<Dependencies> {
  const { work } = session;
  const { cache } = request;
  const looked = await fingerprintTree(work.source, salt);
  const facts = await allPackageFacts(work.source, looked?.packageFiles ?? []);
  const rootFile = installFolder === '' ? 'package.json' : `${installFolder}/package.json`;
  const root = facts?.find(({ path }) => path === rootFile)?.facts ?? NO_FACTS;
  const others = facts?.filter(({ path }) => path !== rootFile).map(({ facts }) => facts);
  const { skip, scripts } = others === undefined ? NEVER_SKIP : skippable(step, manager, root, others);
  const mounts = await cacheMounts(session, request);
  const install: Dependencies = {
    how: 'install',
    scripts: [],
    skipped: [],
    mounts,
    survey: looked,
    mayKeep: skip && cache !== undefined && looked !== undefined,
  };
  if (!skip || looked === undefined || cache === undefined) return install;
  const own = await findCachedTree(work, cache.scope, looked.key);
  if (own !== undefined && (await restore(work, own)))
    return { ...install, how: 'moved', scripts, skipped: own.skipped };
  // A scope without its own copies another's; its changes to the copy affect no other.
  const other =
    own ?? (cache.fallback === undefined ? undefined : await findCachedTree(work, cache.fallback, looked.key));
  if (other === undefined) return install;
  return {
    ...install,
    how: 'copy',
    copyFrom: other,
    scripts,
    skipped: other.skipped,
    mounts: [...mounts, { kind: 'read', from: other.dir, to: SANDBOX_PATHS.cachedDependencies }],
  };
}

/** Stores the tree for the next build. */
export async function saveDependencyCache(
  session: Session,
  request: BuildRequest,
  dependencies: Dependencies,
  skipped: readonly string[],
): Promise<void> {
  if (!dependencies.mayKeep || dependencies.survey === undefined || request.cache === undefined) return;
  await store(session.work, request.cache.scope, dependencies.survey.key, skipped);
}

/** Returns whether an install changed nothing but node_modules. Must be called right after it. */
export async function isCleanInstall(session: Session, dependencies: Dependencies): Promise<boolean> {
  if (dependencies.survey === undefined) return false;
  const after = await fingerprintTree(session.work.source, []);
  return after !== undefined && isUnchanged(dependencies.survey, after);
}

/**
 * Returns the package stores: the scope's own to write. A scope that has none yet writes to a scratch layer over the
 * fallback's; a build without caches writes to an empty one.
 */
async function cacheMounts(session: Session, request: BuildRequest): Promise<readonly Mount[]> {
  const { work } = session;
  const { cache } = request;
  const exists = (path: string): Promise<boolean> =>
    lstat(path).then(
      (stat) => stat.isDirectory(),
      () => false,
    );
  const own = cache === undefined ? undefined : scopeFolders(work, cache.scope).store;
  const fallback = cache?.fallback === undefined ? undefined : scopeFolders(work, cache.fallback).store;
  const lower = fallback !== undefined && (await exists(fallback)) ? fallback : undefined;
  if (cache !== undefined && own !== undefined && ((await exists(own)) || lower === undefined)) {
    await work.directory(work.scope(cache.scope));
    await work.directory(own);
    return [{ kind: 'write', from: own, to: SANDBOX_PATHS.cache }];
  }
  const scratch = join(work.disk.path, 'scratch');
  await work.discard(scratch);
  const upper = join(scratch, 'upper');
  for (const path of [scratch, upper, join(scratch, 'work')]) await work.directory(path);
  if (lower === undefined) return [{ kind: 'write', from: upper, to: SANDBOX_PATHS.cache }];
  return [{ kind: 'overlay', lower, upper, work: join(scratch, 'work'), to: SANDBOX_PATHS.cache }];
}

/** Limit of packages that are checked: with more, every build installs their dependencies. */
const MAX_PACKAGES = 5_000;
const NEVER_SKIP = { skip: false, scripts: [] } as const;

/**
 * Reads the facts of each package.json, one after the other: thousands at once would take memory and open files that
 * builds share.
 */
async function allPackageFacts(
  source: string,
  paths: readonly string[],
): Promise<readonly Readonly<{ path: string; facts: PackageFacts }>[] | undefined> {
  if (paths.length > MAX_PACKAGES) return undefined;
  const all: { path: string; facts: PackageFacts }[] = [];
  for (const path of paths) all.push({ path, facts: await packageFacts(source, path) });
  return all;
}

const NO_FACTS: PackageFacts = { scripts: {}, dependencies: {} };

async function packageFacts(source: string, path: string): Promise<PackageFacts> {
  const json = await readJsonInTree(source, path);
  const part = (name: string): Readonly<Record<string, unknown>> => {
    const value = json?.[name];
    return typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).filter(([, text]) => typeof text === 'string'))
      : {};
  };
  return {
    scripts: part('scripts'),
    dependencies: { ...part('devDependencies'), ...part('optionalDependencies'), ...part('dependencies') },
  };
}
