import { join } from 'node:path';
import { lstat } from 'node:fs/promises';
import type { BuildRequest } from '@anchor/core/ports/build-runner.ts';
import type { Mount } from '@anchor/core/ports/sandbox.ts';
import { keep, keptTree, moveIn, sameFiles, survey, type KeptTree, type Survey } from '../install/tree-store.ts';
import { skippable, type InstallStep, type PackageFacts } from '../install/install.ts';
import type { PackageManager } from '../detect/package-manager.ts';
import { readJsonInside } from './inside.ts';
import { PLACES } from './environment.ts';
import { scopePlaces, type Session } from './session.ts';

/** How the dependencies of one build come about. */
export type Dependencies = Readonly<{
  /** `moved`: the scope's own tree is in place; `copy`: another scope's is to be copied inside the sandbox; `install`: neither. */
  how: 'moved' | 'copy' | 'install';
  copyFrom?: KeptTree;
  /** Scripts of the root package that run although the install is skipped. */
  scripts: readonly string[];
  mounts: readonly Mount[];
  survey: Survey | undefined;
  mayKeep: boolean;
}>;

export async function planDependencies(session: Session, request: BuildRequest, manager: PackageManager, step: InstallStep, installFolder: string, salt: readonly string[]): Promise<Dependencies> {
  const { work } = session;
  const { scope, fallback, write } = request.cache;
  const looked = await survey(work.source, salt);
  const facts = await Promise.all((looked?.packageFiles ?? []).map(async (path) => ({ path, facts: await packageFacts(work.source, path) })));
  const rootFile = installFolder === '' ? 'package.json' : `${installFolder}/package.json`;
  const root = facts.find(({ path }) => path === rootFile)?.facts ?? EMPTY;
  const { skip, scripts } = skippable(step, manager, root, facts.filter(({ path }) => path !== rootFile).map(({ facts }) => facts));
  const mounts = await cacheMounts(session, request);
  const install: Dependencies = { how: 'install', scripts: [], mounts, survey: looked, mayKeep: skip && write && looked !== undefined };
  if (!skip || looked === undefined) return install;
  const own = await keptTree(work, scope, looked.key);
  if (own !== undefined && write && (await moveIn(work, own))) return { ...install, how: 'moved', scripts };
  // A scope that may not write, or has nothing yet, copies: what it does to the copy harms nobody.
  const other = own ?? (fallback === undefined ? undefined : await keptTree(work, fallback, looked.key));
  if (other === undefined) return install;
  return { ...install, how: 'copy', copyFrom: other, scripts, mounts: [...mounts, { kind: 'read', from: other.dir, to: PLACES.kept }] };
}

/** Keeps the tree for the next build, when the install left nothing else that a skipped one would miss. */
export async function keepDependencies(session: Session, request: BuildRequest, dependencies: Dependencies): Promise<void> {
  if (!dependencies.mayKeep || dependencies.survey === undefined) return;
  await keep(session.work, request.cache.scope, dependencies.survey.key);
}

/** Whether an install changed nothing but node_modules: asked right after it. */
export async function leftNothingElse(session: Session, dependencies: Dependencies): Promise<boolean> {
  if (dependencies.survey === undefined) return false;
  const after = await survey(session.work.source, []);
  return after !== undefined && sameFiles(dependencies.survey, after);
}

/** The package stores: the scope's own to write; without the right to write, a scratch layer over what may be read. */
async function cacheMounts(session: Session, request: BuildRequest): Promise<readonly Mount[]> {
  const { work } = session;
  const { scope, fallback, write } = request.cache;
  const own = scopePlaces(work, scope).store;
  const exists = (path: string): Promise<boolean> => lstat(path).then((stat) => stat.isDirectory(), () => false);
  if (write && ((await exists(own)) || fallback === undefined || !(await exists(scopePlaces(work, fallback).store)))) {
    await work.directory(work.scope(scope));
    await work.directory(own);
    return [{ kind: 'write', from: own, to: PLACES.cache }];
  }
  const lower = (await exists(own)) ? own : fallback === undefined ? undefined : scopePlaces(work, fallback).store;
  const scratch = join(work.disk.path, 'scratch');
  await work.discard(scratch);
  for (const path of [scratch, join(scratch, 'upper'), join(scratch, 'work')]) await work.directory(path);
  if (lower === undefined || !(await exists(lower))) return [{ kind: 'write', from: join(scratch, 'upper'), to: PLACES.cache }];
  return [{ kind: 'overlay', lower, upper: join(scratch, 'upper'), work: join(scratch, 'work'), to: PLACES.cache }];
}

const EMPTY: PackageFacts = { scripts: {}, dependencies: {} };

async function packageFacts(source: string, path: string): Promise<PackageFacts> {
  const json = await readJsonInside(source, path);
  const part = (name: string): Readonly<Record<string, unknown>> => {
    const value = json?.[name];
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  };
  return { scripts: part('scripts'), dependencies: { ...part('devDependencies'), ...part('optionalDependencies'), ...part('dependencies') } };
}
