import type { LogLine } from '../logs/log-line.ts';
import { missingVariables } from '../logs/missing-variables.ts';
import type { OutputCause } from '../ports/failure-analyzer.ts';
import type { Ports } from '../ports/ports.ts';
import type { Deployment } from './deployment.ts';

/** Bounds the output that is analyzed: the last starts of an application. */
const MAX_LINES = 400;
const MAX_CHARS = 131_072;
const MAX_CAUSE_CHARS = 1_600;
/** Several times what lines wait for their batch. */
const LATE_MS = 1_000;

/** What the platform itself writes into a run log. */
const OWN_LINE = /^anchor: /;
/** Exits of a function that never served; each repeats with every start. */
const EXITED = /^anchor: The function exited while starting: (.{1,200}?)(?:; the next start is allowed.*)?$/;
const NOT_READY = /^anchor: The function did not (?:become ready|listen) within/;

/** What the function host says of a write that failed. */
const READ_ONLY = /^anchor: (?:Cannot (?:write|make) |SQLite cannot write )/;

const LISTEN_FIX =
  'Let the start command open the port in PORT, as with `server.listen(process.env.PORT)`; a bot or consumer needs one for the health check, too (docs/background-work.md).';
const STAY_FIX =
  'Let the start command run a server that keeps running and listens on PORT: anchor projects update --start "node server.js"';
const READ_ONLY_FIX =
  'Keep what must stay in a database or a bucket that is reached by network, and write the rest to /tmp.';

/** Finds in a deployment's run log why it does not respond as it should. Undefined when the log says nothing of it. */
export async function runtimeFailure(
  ports: Pick<Ports, 'logs' | 'analyzeFailure'>,
  { id }: Deployment,
): Promise<OutputCause | undefined> {
  const lines = await linesOf(ports.logs, id);
  const own = lines.map(({ text }) => text).filter((text) => OWN_LINE.test(text));
  const printed = lines.filter(({ text }) => !OWN_LINE.test(text));
  const found = ports.analyzeFailure(printed.map(({ text }) => text).join('\n'));
  const ended = startFailure(own);
  const readOnly = own.findLast((line) => READ_ONLY.test(line))?.replace(OWN_LINE, '');
  // An application may go on after a write that failed: what it printed itself says more.
  const fix = found?.fix ?? (readOnly === undefined ? ended?.fix : READ_ONLY_FIX);
  const cause = [
    ...(found?.lines ?? [...lastErrors(printed), ...(ended === undefined ? [] : [ended.line])]),
    ...(readOnly === undefined ? [] : [readOnly]),
  ];
  return cause.length === 0
    ? undefined
    : {
        lines: bounded(cause),
        missing: found?.missing ?? missingVariables(cause),
        ...(fix === undefined ? {} : { fix }),
      };
}

/** Reads the end of a run log. What explains a response arrives after it, with the next batch of lines. */
async function linesOf(logs: Ports['logs'], id: Deployment['id']): Promise<readonly LogLine[]> {
  const read = (): Promise<readonly LogLine[]> => logs.read('run', id, { limit: MAX_LINES, maxText: MAX_CHARS });
  const lines = await read();
  if (lines.some(({ level }) => level === 'error')) return lines;
  const late = logs.follow('run', id, { after: lines.at(-1)?.n ?? 0, level: 'error' }, AbortSignal.timeout(LATE_MS));
  for await (const page of late) if (page.length > 0) break;
  return read();
}

/** Returns the last error lines that the application printed: all there is when none has the shape of an error. */
const lastErrors = (printed: readonly Readonly<{ level: string; text: string }>[]): readonly string[] =>
  printed
    .filter(
      ({ level, text }) => level === 'error' && text.trim() !== '' && !/^\s*at |^Node\.js v\d|^\s*\^+\s*$/.test(text),
    )
    .map(({ text }) => text.slice(0, 300))
    .filter((text, i, all) => all.indexOf(text) === i)
    .slice(-5);

/** Returns how the last start ended, with the fix where the way it ended tells the reason. */
function startFailure(own: readonly string[]): Readonly<{ line: string; fix?: string }> | undefined {
  const last = own.findLast((line) => EXITED.test(line) || NOT_READY.test(line));
  if (last === undefined) return undefined;
  const how = EXITED.exec(last)?.[1];
  if (how === undefined) return { line: last.replace(OWN_LINE, ''), fix: LISTEN_FIX };
  const line = `The function exited while starting: ${how}`;
  if (how.startsWith('exit code 0')) return { line, fix: STAY_FIX };
  const limit = Number(/killed for using more than (\d{1,6}) MB/.exec(how)?.[1] ?? 0);
  return limit > 0
    ? { line, fix: `Run \`anchor projects update --memory ${2 * limit}\`, then \`anchor redeploy\`.` }
    : { line };
}

function bounded(lines: readonly string[]): readonly string[] {
  let chars = 0;
  return lines.filter((line) => (chars += line.length + 1) <= MAX_CAUSE_CHARS);
}
