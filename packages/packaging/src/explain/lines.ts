/**
 * Lines of a tool's output as a terminal shows them. All input is hostile: every expression here is linear, and gets at
 * most `MAX_LINE` characters.
 */
export const MAX_LINE = 500;

/** Returns text without terminal escape sequences and other control characters. */
export const stripColours = (text: string): string =>
  text
    .replace(/\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]{0,500}(?:\x07|\x1b\\)|[@-Z\\-_])/g, '')
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g, '');

/**
 * Returns one line of raw output in its last state (progress bars redraw themselves with \r), without colours and
 * without the prefixes of task runners.
 */
export function cleanLine(raw: string): string {
  const states = raw.split('\r');
  const last = states.findLast((state) => state.trim() !== '') ?? '';
  const text = stripColours(last.slice(0, 4 * MAX_LINE))
    .replaceAll('\t', '  ')
    .trimEnd();
  return withoutPrefix(text).slice(0, MAX_LINE);
}

/**
 * Removes the prefix that task runners add to each line: turbo, Nx and Lerna ("web:build: "), pnpm ("apps/web build:
 * "), Yarn ("➤ YN0000: │ app@workspace:. STDERR "), concurrently ("[0] ").
 */
function withoutPrefix(line: string): string {
  const berry = /^➤ YN0000: [│|] \S+@\S+ STD(?:ERR|OUT) ?/.exec(line);
  if (berry !== null) return line.slice(berry[0].length);
  const task =
    /^(?:@[\w.-]{1,60}\/)?[\w.-]{1,60}:[\w:.-]{1,60}: (?=\S|\s|$)|^[\w./@-]{1,80} (?:build|compile|postinstall|prepare|install)\$? ?[:|] |^\[\d{1,2}\] /.exec(
      `${line} `,
    );
  // A path with a line number ("src/a.ts:3: error") is no prefix.
  return task === null || /\.\w{1,5}:\d|^\w+:\d+:/.test(task[0]) ? line : line.slice(task[0].length);
}

/** Lines that never explain a failure. */
const NOISE: readonly RegExp[] = [
  // Frames of a stack, of whatever engine and bundle, and what Node prints around an uncaught error.
  /^(?:npm (?:error|ERR!))?\s*at (?:async )?(?:new )?(?:<unknown>|<anonymous>|\d+ \(|[^ ]{1,200} (?:\[as [^\]]{1,80}\] )?\(|[^ ]{0,400}:\d+:\d+\)?|Promise\.all|(?:file|node|webpack|https?):|[^ ]{1,300}$|.{0,200}\(.{0,300}:\d+:\d+\))/,
  /^\s*at (?:ignore-listed frames|process\.|async )/,
  /^node:[\w/]{1,100}:\d+$/,
  /^Node\.js v\d/,
  /^Bun v\d/,
  /^\s*(?:throw|triggerUncaughtException)\b.{0,100};?(?: \/\/.{0,60})?$/,
  // Properties of an error object.
  /^\s*\[?(?:code|errno|syscall|address|port|path|type|digest|requiredBy|userMessage|requireStack|library|reason|url|opensslErrorStack|spawnargs|dest|clientVersion|errorCode|name|hint|loc|id|plugin|pluginCode|frame|watchFiles|binding|pos|toString|\[stack\]|cause|exports)\]?: .{0,400}[,}\]]?$/,
  /^\s*[{}\]],?;?$/,
  /^\s*(?:'[^']{0,200}',?|\]|\},?)$/,
  // Epilogues of package managers.
  /^npm (?:error|ERR!) (?:A complete log|\s*\/.{0,300}\.(?:log|txt)|Lifecycle script|workspace |location |code ELIFECYCLE|code \d|errno |path |command |For a full report|signal |in workspace|If you are behind|network If you)/,
  /^npm (?:error|ERR!)\s*$/,
  /^npm (?:notice|warn Unknown|warn deprecated|warn EBADENGINE|warn (?:allow|using))/i,
  /^npm WARN/,
  /ELIFECYCLE/,
  /ERR_PNPM_RECURSIVE_RUN_FIRST_FAIL/,
  /^\s?WARN\s+(?:Local package\.json exists|deprecated|Request took|\d+ (?:other )?deprecated|Failed to create bin)/,
  /^info (?:Visit https:|No lockfile)/,
  /^error Command failed(?: with (?:exit code|signal)|\.)/,
  /^(?:Exit code|Command|Arguments|Directory|Output): ?/,
  /^Exit status \d/,
  /^\$ /,
  /^> \S/,
  /^error: script "[^"]{0,80}" (?:exited|was terminated)/,
  /^➤ YN0000: [·┌└│]? ?(?:Completed|Done|Failed with errors|Yarn \d|Resolution step|Fetch step|Link step|Post-resolution|$)/,
  /^➤ YN0000: [·│└┌] *$/,
  /^➤ YN0007/,
  // Task runners.
  /^ ?(?:ERROR|Tasks|Cached|Time|Failed|Duration):? .{0,60}(?:command finished|successful|cached|total|#|ms)/,
  /^\S{1,80}#\S{1,60}: command \(/,
  /^ ?ERROR +run failed: command exited/,
  /^ERROR: command finished with error/,
  /^• /,
  /cache (?:miss|hit|bypass),/,
  // Progress, success, and pointers to where one could read more.
  /^\s*(?:✓|√|✔|◇|◆|○|●|┌|└|│|├|■|▲|▸)\s*(?:$|(?!.{0,20}[Ee]rror).{0,300}$)/,
  /^(?:Progress: resolved|Packages: \+|\++-*$|Resolving dependencies|Resolved, downloaded|Resolving:|\[\d\/\d\] )/,
  /^[\s#=\-.█▓▒░|/\\[\]>%\d]{3,}$/,
  /\[[#=\-.>█▒░ ]{5,}\]/,
  /^\s*\d{1,3} ?%/,
  /^\s*(?:transforming|rendering chunks|computing gzip|Creating an optimized|Collecting (?:page|build)|Generating static pages|Linting and checking|Finalizing page|Checking validity|Compiled |Running TypeScript|Finished )/,
  /^(?:vite|bun|pnpm|yarn|rollup|esbuild|webpack)(?: \w+)? v?\d[\d.]*/,
  /^\s*(?:Read more|Learn more|See (?:more|https?)|https?:\/\/\S+$|For more info|note: )/i,
  /^\s*(?:undefined|null)$/,
  /^\s*\^+\s*$/,
  /^\[info\]/,
  /^\[success\]/,
  /^> Build (?:error occurred|failed because of)/,
  /^\s*<--- .{1,40} --->|^\[\d+:0x[\da-f]+\]|^\s*\d{1,3}: 0x[\da-f]+|^-----/i,
  /^The error was caused by|^This (?:error happened while installing|happened because)/,
  /^Require stack:$|^- \/\S+$/,
  /^No build cache found|^⚠ No build cache|^\s*-+\s*$|^Aborted|^Export encountered (?:an error|errors) on|^Next\.js build worker exited/,
];

/** Returns whether a cleaned line may explain a failure. */
export const isTelling = (line: string): boolean => line.trim() !== '' && !NOISE.some((pattern) => pattern.test(line));
