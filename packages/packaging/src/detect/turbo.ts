import { posix } from 'node:path';

export type TurboListing = Readonly<{
  /** The workspace's folder and the project's, '' for the root of the checkout. */
  workspace: string;
  project: string;
  /** Of the workspace's folder. */
  turboJson: string | undefined;
  packageJson: Readonly<Record<string, unknown>> | undefined;
}>;

/** A `build` task, of all packages or of one (`web#build`), in a file that may have comments. */
const BUILD_TASK = /"(?:[^"]*#)?build"\s*:/;

/**
 * Returns the filter that makes turbo build a project and what it depends on (`./apps/web`), when the workspace around
 * the project is one of turborepo. Undefined otherwise: then the project's own build script runs alone.
 */
export function turboFilter({ workspace, project, turboJson, packageJson }: TurboListing): string | undefined {
  if (workspace === project || turboJson === undefined || !BUILD_TASK.test(turboJson)) return undefined;
  const has = ['dependencies', 'devDependencies'].some((kind) => {
    const names = packageJson?.[kind];
    return typeof names === 'object' && names !== null && 'turbo' in names;
  });
  return has ? `./${posix.relative(workspace, project)}` : undefined;
}

/** Returns the command of turbo. Turbo 1 has no such modes, or another default. */
export const turboCommand = (filter: string, major: number): readonly string[] => [
  'turbo',
  'run',
  'build',
  `--filter=${filter}`,
  ...(major >= 2 ? ['--env-mode=loose'] : []),
];
