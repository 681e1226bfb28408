import type { Disk, SandboxHandle } from '@anchor/core/ports/sandbox.ts';
import { anchorError, type AnchorError, type ErrorCode } from '@anchor/core/result/result.ts';
import type { Ended } from './command.ts';
import type { BuildLimits } from './limits.ts';

/** What a failed command of a build is judged by. */
export type FailureContext = Readonly<{
  what: string;
  code: ErrorCode;
  fix: string;
  sandbox: SandboxHandle;
  disk: Disk;
  limits: BuildLimits;
  /** Hides secrets: the cause is part of the deployment's record. */
  redact: (text: string) => string;
}>;

/** The error of a command that did not end well: which limit ended it, or the last lines that it printed. */
export async function explainFailure(ended: Ended, context: FailureContext): Promise<AnchorError> {
  const { limits, what } = context;
  const usage = await context.sandbox.usage().catch(() => ({ memoryPeakMb: 0, heldMb: 0, oomKills: 0, processLimitHits: 0 }));
  const disk = await context.disk.free().catch(() => ({ full: false, usedMb: 0, sizeMb: limits.diskMb }));
  const said = ended.tail.text;
  const cause = context.redact(ended.tail.meaningful());
  if (usage.oomKills > 0 || /JavaScript heap out of memory|Allocation failed - process out of memory/.test(said)) {
    return anchorError('build_out_of_memory', `${what} ran out of memory`, `Raise the memory limit of builds (now ${limits.memoryMb} MB), or use less: fewer workers, no source maps.`, usage.oomKills > 0 ? `The build was stopped at its limit of ${limits.memoryMb} MB.` : cause);
  }
  if (disk.full || /ENOSPC|No space left on device|EDQUOT|Disk quota exceeded/.test(said)) {
    return anchorError('build_out_of_disk', `${what} filled its disk`, `Write less, or raise the disk limit of builds (now ${limits.diskMb} MB).`, `The project's build disk of ${limits.diskMb} MB is full.`);
  }
  if (usage.processLimitHits > 0) {
    return anchorError('build_too_many_processes', `${what} started too many processes`, `Start fewer at once, or raise the process limit of builds (now ${limits.processes}).`, `More than ${limits.processes} processes or threads were asked for.`);
  }
  const how = ended.exit.signal === null ? `exit code ${ended.exit.code}` : `signal ${ended.exit.signal}`;
  return anchorError(context.code, `${what} failed with ${how}`, fixFor(said) ?? context.fix, cause === '' ? `It printed nothing and ended with ${how}.` : cause);
}

/** Fixes for failures that many people meet. */
function fixFor(said: string): string | undefined {
  if (/ERESOLVE|peer dep/i.test(said) && /ERESOLVE/.test(said)) return 'Dependencies disagree about a peer dependency: align their versions, or set the install command to "npm ci --legacy-peer-deps".';
  if (/can only install packages when your package\.json and package-lock\.json|lockfile is not up to date|ERR_PNPM_OUTDATED_LOCKFILE|Your lockfile needs to be updated|lockfile would have been modified|lockfile had changes, but lockfile is frozen/i.test(said)) return 'The lock file does not match package.json: install locally, commit the lock file, and push again.';
  if (/E401|E403|ENEEDAUTH|ERR_PNPM_FETCH_40[13]|authentication token/i.test(said)) return 'The registry wants a token: put it into .npmrc as ${NPM_TOKEN} and set the variable NPM_TOKEN for builds.';
  if (/ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNRESET|ECONNREFUSED/.test(said) && /npm (error|ERR!)|pnpm|yarn|registry/i.test(said)) return 'A host could not be reached from the build: builds reach the internet, but neither private networks nor this machine. Try again if it was a hiccup.';
  if (/EBADENGINE|Unsupported engine|The engine "node" is incompatible/i.test(said)) return 'A package needs another Node version: set engines.node, .nvmrc or the project setting.';
  if (/Cannot find module|ERR_MODULE_NOT_FOUND|Module not found|command not found|: not found/i.test(said)) return 'Something that the command needs is not installed: check that it is listed in package.json, with the case of letters as on disk.';
  return undefined;
}
