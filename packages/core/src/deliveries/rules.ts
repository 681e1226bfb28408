import { matchesGlob } from '../names/glob.ts';
import { PREVIEW, PRODUCTION, type BranchName, type EnvironmentName } from '../names/name.ts';
import { watches } from '../projects/watch-paths.ts';
import type { Project } from '../projects/project.ts';

/**
 * Returns the environment that a branch deploys to: production branch first, then the first rule that matches, then
 * preview.
 */
export function environmentOfBranch(project: Project, branch: BranchName): EnvironmentName {
  if (branch === project.productionBranch) return PRODUCTION;
  return project.branchRules.find((rule) => matchesGlob(rule.pattern, branch))?.environment ?? PREVIEW;
}

/** Markers in a commit message that skip its deployment; those of the common CI systems. */
export const hasSkipMarker = (message: string | undefined): boolean =>
  message !== undefined && /\[(?:skip (?:ci|deploy|anchor)|(?:ci|deploy|anchor) skip|no ci)\]/i.test(message);

/** Returns whether a change touches what the project is built from. Unknown changes do. */
export function affectsProject(project: Project, changed: readonly string[] | undefined): boolean {
  const patterns = project.build.paths;
  if (patterns === undefined || patterns.length === 0 || changed === undefined || changed.length === 0) return true;
  return watches(patterns, changed);
}
