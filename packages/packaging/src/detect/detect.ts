import { ok, type Result } from '@anchor/core/result/result.ts';
import { nothingToStart, unclear } from './detect-failure.ts';
import { factsOf, withToolBuild } from './facts.ts';
import { filesPlan, shownPlan } from './files-plan.ts';
import { frameworkOf } from './frameworks.ts';
import { nextPlan } from './next-plan.ts';
import type { Listing, Plan } from './plan.ts';
import { knownPlan, lonePlan, serverPlan, startPlan } from './server-plan.ts';
import { OUTPUT_DIRECTORIES } from './tools.ts';

/** Decides from names and package.json alone; settings override each part of it. */
export function detect(listing: Listing): Result<Plan> {
  const facts = factsOf(listing);
  const { settings } = listing;
  switch (settings.framework) {
    case 'nextjs':
      return nextPlan(facts, 'the project setting');
    case 'static':
    case 'spa':
      return ok(
        facts.plan(
          settings.framework,
          {
            kind: 'files',
            directories: facts.build === undefined ? facts.plainFiles : (facts.directories ?? OUTPUT_DIRECTORIES),
            spa: settings.framework === 'spa',
          },
          'the project setting',
        ),
      );
    case 'node':
      return serverPlan(facts, 'the project setting') ?? nothingToStart();
    case undefined:
  }
  if (facts.has('next')) return nextPlan(facts, 'next is a dependency');
  if (settings.startCommand !== undefined) return serverPlan(facts, 'a start command is set') ?? nothingToStart();
  const known = frameworkOf(facts.has);
  const built = withToolBuild(facts);
  return (
    startPlan(facts, known) ??
    knownPlan(built, known) ??
    shownPlan(built) ??
    filesPlan(built) ??
    lonePlan(built) ??
    unclear(built)
  );
}
