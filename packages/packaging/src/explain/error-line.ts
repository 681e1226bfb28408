import { isTelling } from './lines.ts';

/**
 * An error as JavaScript engines and most tools print it: "TypeError: …", "Error [CODE]: …", "[Error: …", "error: …",
 * "FATAL ERROR: …".
 */
export const ERROR_LINE =
  /^(?:Uncaught |Unhandled |\[|⨯ |✖ |✘ |■ {1,3}|✗ |npm (?:error|ERR!) )?(?:[A-Z]\w{0,60})?(?:Error|Exception|ERROR|Fatal|FATAL|panic)(?: \[[\w.]{1,60}\]| \([\w .]{1,60}\))?(?: ERROR)?: \S|^(?:error|ERROR|fatal|FATAL|Error|\[error\]|\[ERROR\])[: ] {0,2}\S|^\d\d:\d\d:\d\d \[ERROR\]/;

/** Errors that only report a failure: the reason is another line. */
export const WRAPPER =
  /Build failed with \d|Turbopack build failed|Call retries were exceeded|Failed to collect (?:page data|configuration)|Command failed|exited with code|exit code \d|Command "[^"]{1,100}" exited|ELIFECYCLE|Build error occurred|build failed|Process completed|Script failed|subprocess|NonErrorEmittedError|Exiting due to|The Next\.js build|worker exited/i;

const FRAME = /^\s*at (?:.{1,300} \()?(?:file:\/\/)?(\/[^():\s]{1,300}|[\w.@-][^():\s]{0,300}):(\d{1,7}):(\d{1,7})\)?$/;
/** Code that is not the user's own: dependencies, Node, what a bundler wrote. */
const FOREIGN =
  /node_modules\/|^node:|^(?:\/app\/)?(?:\.next|\.nuxt|\.output|\.svelte-kit|dist|build|out)\/|\/\.(?:next|nuxt|output|svelte-kit)\/|^\/(?:tools|node|usr|anchor)\//;

/** Returns the error at `at`, with the place in the user's own code that its stack names, and with its cause. */
export function errorWithPlace(lines: readonly string[], at: number): readonly string[] {
  const own = (lines[at] ?? '')
    .replace(/^\s*\[cause\]: /, '')
    .replace(/^\[((?:\w+)?Error: .{1,480}?)\](?: \{)?$/, '$1');
  let location: string | undefined;
  let cause: string | undefined;
  let more: string | undefined;
  for (let i = at + 1; i < Math.min(lines.length, at + 40); i++) {
    const line = lines[i] ?? '';
    const [, path, row, column] = FRAME.exec(line) ?? [];
    if (path !== undefined && location === undefined && !FOREIGN.test(path))
      location = `${path.replace(/^\/app\//, '')}:${row}:${column}`;
    cause ??= /^\s*\[cause\]: (\S.{0,400})/.exec(line)?.[1];
    if (i === at + 1 && /^(?!\s*at |\s*$|[{}\]])\S/.test(line) && !ERROR_LINE.test(line) && isTelling(line))
      more = line;
    if (i > at + 1 && ERROR_LINE.test(line)) break;
  }
  const first = location === undefined || own.includes(location) ? own : `${own} (${location})`;
  return [first, ...(more === undefined ? [] : [more]), ...(cause === undefined ? [] : [`  cause: ${cause}`])];
}
