import { matchesGlob } from '../names/glob.ts';
import { PREVIEW, PRODUCTION, type BranchName, type EnvironmentName } from '../names/name.ts';
import type { Project } from '../projects/project.ts';

/** The environment that a branch deploys to: production branch first, then the first rule that matches, then preview. */
export function environmentOf(project: Project, branch: BranchName): EnvironmentName {
  if (branch === project.productionBranch) return PRODUCTION;
  return project.branchRules.find((rule) => matchesGlob(rule.pattern, branch))?.environment ?? PREVIEW;
}

/** The marks that people put into a commit message to say "not this one"; those of the common CI systems. */
export const asksToSkip = (message: string | undefined): boolean => message !== undefined && /\[(?:skip (?:ci|deploy|anchor)|(?:ci|deploy|anchor) skip|no ci)\]/i.test(message);

/** Whether a change touches what the project is built from. Unknown changes do. */
export function touches(project: Project, changed: readonly string[] | undefined): boolean {
  const patterns = project.build.paths;
  if (patterns === undefined || patterns.length === 0 || changed === undefined || changed.length === 0) return true;
  return changed.some((file) => patterns.some((pattern) => matchesGlob(pattern, file)));
}
