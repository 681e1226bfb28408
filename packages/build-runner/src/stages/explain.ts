import type { Disk, SandboxHandle } from '@anchor/core/ports/sandbox.ts';
import { notSet, redeployCommand, setCommand, variableFix } from '@anchor/core/logs/missing-variables.ts';
import { anchorError, type AnchorError, type ErrorCode } from '@anchor/core/result/result.ts';
import { findCause, lastLine } from '@anchor/packaging/explain/find-cause.ts';
import type { CommandResult } from '../session/command.ts';
import type { BuildLimits } from '../session/limits.ts';

/** The context of a failed command of a build. */
export type FailureContext = Readonly<{
  what: string;
  code: ErrorCode;
  fix: string;
  sandbox: SandboxHandle;
  disk: Disk;
  limits: BuildLimits;
  /** The build's variables: one that is set is not called missing. `ANCHOR_ENV` names the environment. */
  variables: Readonly<Record<string, string>>;
  /** Those that only functions get. */
  runOnly: readonly string[];
  branch: string | undefined;
  /** Set when the build was ended from outside: its time was up, or it was canceled. */
  early: AnchorError | undefined;
  /** Hides secrets: the cause is part of the deployment's record. */
  redact: (text: string) => string;
}>;

type Usage = Readonly<{ oomKills: number; processLimitHits: number }>;

/** Returns the error of a failed command: the limit that ended it, or the lines of its output that explain it. */
export async function explainFailure(ended: CommandResult, context: FailureContext): Promise<AnchorError> {
  const { limits, what } = context;
  const usage = await context.sandbox
    .usage()
    .catch(() => ({ memoryPeakMb: 0, residentMb: 0, oomKills: 0, processLimitHits: 0 }));
  const disk = await context.disk.free().catch(() => ({ full: false, usedMb: 0, sizeMb: limits.diskMb }));
  const output = ended.tail.text;
  if (context.early !== undefined) {
    const last = context.redact(lastLine(output));
    return last === ''
      ? context.early
      : {
          ...context.early,
          cause: `${context.early.cause ?? context.early.message} The last line of its output: ${last}`,
        };
  }
  const limit = limitReached(output, context, { usage, disk });
  if (limit !== undefined) return limit;
  const how = ended.exit.signal === null ? `exit code ${ended.exit.code}` : `signal ${ended.exit.signal}`;
  const { lines, fix, missing } = findCause(output);
  const cause = context.redact(lines.join('\n'));
  const unset = missing.filter((name) => (context.variables[name] ?? '') === '');
  const target = { environment: context.variables['ANCHOR_ENV'], branch: context.branch };
  if (unset.length > 0 && unset.every((name) => context.runOnly.includes(name))) {
    return anchorError(
      context.code,
      `${what} failed: ${notSet(unset)} while building, only in functions`,
      variableFix(unset, target, 'both'),
      cause,
    );
  }
  if (unset.length > 0)
    return anchorError(context.code, `${what} failed: ${notSet(unset)}`, variableFix(unset, target), cause);
  return anchorError(
    context.code,
    `${what} failed with ${how}`,
    // It may name what the output named.
    fix === undefined ? context.fix : context.redact(fix),
    cause === '' ? `It printed nothing and exited with ${how}.` : cause,
  );
}

/** Returns the error of a limit that ended the command: memory, disk or processes. */
function limitReached(
  output: string,
  { what, limits, variables, branch, redact }: FailureContext,
  { usage, disk }: Readonly<{ usage: Usage; disk: Readonly<{ full: boolean }> }>,
): AnchorError | undefined {
  if (usage.oomKills > 0 || /JavaScript heap out of memory|Allocation failed - process out of memory/.test(output)) {
    const less = 'Use less memory while building (fewer workers, no source maps)';
    // Node's own limit is below the sandbox's, and more memory for the build does not raise it.
    const heapMb = Math.floor((limits.memoryMb * 3) / 4);
    const own = usage.oomKills === 0 && heapSetting(variables['NODE_OPTIONS']) < heapMb;
    return anchorError(
      'build_out_of_memory',
      `${what} ran out of memory`,
      own
        ? redact(`${less}, or raise the heap of Node.js: ${raiseHeap(variables, heapMb, branch)}.`)
        : `${less}, or ask the operator to raise the limit: ./up --build-memory-mb ${2 * limits.memoryMb} (now ${limits.memoryMb}).`,
      usage.oomKills > 0
        ? `The build was stopped at its limit of ${limits.memoryMb} MB.`
        : `Node.js reached its own heap limit: ${heapLine(output)}`,
    );
  }
  // Watching too many files is ENOSPC, too.
  if (
    disk.full ||
    /ENOSPC(?!.{0,10}System limit for number of file watchers)|No space left on device|EDQUOT|Disk quota exceeded/.test(
      output,
    )
  ) {
    return anchorError(
      'build_out_of_disk',
      `${what} filled its disk`,
      `Write less, or ask the operator to raise the limit: ./up --build-disk-mb ${2 * limits.diskMb} (now ${limits.diskMb}).`,
      `The project's build disk of ${limits.diskMb} MB is full.`,
    );
  }
  if (usage.processLimitHits > 0) {
    return anchorError(
      'build_too_many_processes',
      `${what} started too many processes`,
      `Start fewer at once, or ask the operator to raise the limit: ./up --build-processes ${2 * limits.processes} (now ${limits.processes}).`,
      `The build needed more than ${limits.processes} processes or threads.`,
    );
  }
  return undefined;
}

const HEAP_OPTION = /--max[-_]old[-_]space[-_]size=(\d{1,9})/;

/** Returns the heap limit (MB) that NODE_OPTIONS sets; 0 without one. */
const heapSetting = (options: string | undefined): number => Number(HEAP_OPTION.exec(options ?? '')?.[1] ?? 0);

/** Returns the commands that set the heap limit, beside the other options that the build has, and build again. */
function raiseHeap(variables: FailureContext['variables'], heapMb: number, branch: string | undefined): string {
  const others = (variables['NODE_OPTIONS'] ?? '').replace(HEAP_OPTION, '').split(/\s+/);
  const options = [...others.filter((option) => option !== ''), `--max-old-space-size=${heapMb}`].join(' ');
  const target = { environment: variables['ANCHOR_ENV'], branch };
  return `${setCommand(`NODE_OPTIONS=${options}`, target, ['--scope build', '--plain'])}, then ${redeployCommand(target)}`;
}

const heapLine = (output: string): string =>
  /(?:FATAL ERROR: )?[^\n]{0,200}(?:JavaScript heap out of memory|process out of memory)/.exec(output)?.[0].trim() ??
  '';
