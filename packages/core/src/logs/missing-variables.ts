const NAME = '([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z][A-Z0-9]{3,60})';

/** How libraries and applications report a missing variable. Each names it in its first group. */
const PATTERNS: readonly RegExp[] = [
  new RegExp(`[Ee]nvironment variable not found:? \\(?["'\`]?${NAME}`),
  new RegExp(
    `\\b(?:[Mm]issing|[Uu]ndefined|[Uu]nset|[Ii]nvalid|[Nn]o|[Ee]mpty)(?: required| or invalid| value for| the)? {0,1}(?:[Ee]nv(?:ironment)?[ -]?(?:[Vv]ar(?:iable)?s?)?|variables?)?(?: named)?:? ["'\`(]?${NAME}["'\`)]?(?=$|[\\s,.;:!)'"\`])`,
  ),
  new RegExp(
    `["'\`]?\\b${NAME}["'\`]? (?:(?:env(?:ironment)? ?(?:var(?:iable)?)?|variable|must be|is|was|has|not|required|and|empty|in the environment|are) ){0,4}(?:not (?:set|defined|found|provided|configured|specified|present|available)|missing|required|undefined|unset|empty|set\\b)`,
  ),
  new RegExp(
    `(?:[Ee]nv(?:ironment)? ?(?:var(?:iable)?)?s?|[Vv]ariable|process\\.env\\.|define the|set the|provide(?: the)?|set) ?["'\`]?${NAME}["'\`]? (?:(?:is|was|must be|has|environment|env|variable|inside|in) ){0,3}(?:not|missing|undefined|required|unset|empty|set|be|\\.env|variable)`,
  ),
  new RegExp(`Cannot resolve environment variable:? ["'\`]?${NAME}`),
  new RegExp(`"${NAME}" is not exported by "virtual:env/static/`),
  new RegExp(`^${NAME} is missing$`),
  new RegExp(
    `(?:^\\s*|[{,] ?)-? ?["'\`]?${NAME}["'\`]?: (?:\\[ ?["'\`])?(?:Required|Invalid input: expected \\w{1,20}, received undefined|is required|Missing|undefined)`,
  ),
  new RegExp(`process\\.env\\.${NAME} (?:is|was) (?:undefined|missing|empty|not)`),
];

/** A name of the language, not of a variable. */
const NOT_VARIABLES: ReadonlySet<string> = new Set([
  'ERROR',
  'FATAL',
  'JSON',
  'HTML',
  'HTTP',
  'HTTPS',
  'NULL',
  'TODO',
  'NODE',
  'POST',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'HEAD',
  'TypeError',
  'ENOENT',
  'WARN',
  'WARNING',
  'INFO',
  'DEBUG',
  'UTF8',
  'UUID',
  'SASS',
  'MODULE_NOT_FOUND',
  'ERR_MODULE_NOT_FOUND',
  'NODE_MODULES',
  'THIS',
  'NONE',
  'TRUE',
  'FALSE',
]);

/** Where a deployment takes its variables from. */
export type VariablePlace = Readonly<{ environment: string | undefined; branch: string | undefined }>;

/**
 * Returns the commands that set the variables and build again, as one sentence. `scope` is named when they have the
 * wrong one.
 */
export function variableFix(names: readonly string[], target: VariablePlace, scope?: 'both'): string {
  const sets = names.map((name) => setCommand(name, target, scope === undefined ? [] : [`--scope ${scope}`]));
  const last = sets.pop() ?? '';
  return `Run ${sets.length === 0 ? last : `${sets.join(', ')} and ${last}`}, then ${redeployCommand(target)}.`;
}

/** Returns the command that sets a variable: to a value, or to the one that is typed then. */
export const setCommand = (assignment: string, { environment }: VariablePlace, flags: readonly string[]): string => {
  const environmentFlag = environment === undefined ? [] : [`-e ${environment}`];
  return `\`${['anchor env set', shellWord(assignment), ...environmentFlag, ...flags].join(' ')}\``;
};

/** Returns the command that builds again. */
export const redeployCommand = ({ environment, branch }: VariablePlace): string => {
  // Previews are of branches: the newest one may be of another.
  if (environment === 'preview' && branch !== undefined) return `\`anchor redeploy --branch ${shellWord(branch)}\``;
  return `\`anchor redeploy${environment === undefined ? '' : ` -e ${environment}`}\``;
};

const shellWord = (text: string): string => (/^[\w./=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** Returns "A is not set", "A, B are not set". */
export const notSet = (names: readonly string[]): string =>
  `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} not set`;

/** Returns the environment variables that the lines call missing, at most eight. */
export function missingVariables(lines: readonly string[]): readonly string[] {
  const names = new Set<string>();
  for (const line of lines) {
    // A ReferenceError is about a name in the code.
    if (/ReferenceError|is not defined in|TS\d{4}/.test(line) || /^\s*at /.test(line)) continue;
    for (const pattern of PATTERNS) {
      const name = pattern.exec(line)?.[1];
      if (name !== undefined && !NOT_VARIABLES.has(name) && !/^E[A-Z]{3,12}$|^ERR_/.test(name)) names.add(name);
    }
    // "Missing environment variables: A, B, C"
    const list =
      /(?:[Ee]nv(?:ironment)? ?var(?:iable)?s?)[^:]{0,60}: {0,2}([A-Z][A-Z0-9_]{2,60}(?:, ?[A-Z][A-Z0-9_]{2,60}){1,20})/.exec(
        line,
      )?.[1];
    if (list !== undefined) for (const name of list.split(/, ?/)) names.add(name);
  }
  for (const name of namesInIssues(lines)) names.add(name);
  return [...names].slice(0, 8);
}

/** Extracts names from a zod error as JSON: "path": [ "NAME" ] beside "received undefined" or "Required". */
function namesInIssues(lines: readonly string[]): readonly string[] {
  const found: string[] = [];
  for (const [at, line] of lines.entries()) {
    const inline = /"?path"?: ?\[ ?["']([A-Z][A-Z0-9_]{2,60})["'] ?\]/.exec(line)?.[1];
    const name =
      inline ??
      (/^\s*"?path"?: ?\[$/.test(line)
        ? /^\s*["']([A-Z][A-Z0-9_]{2,60})["'],?$/.exec(lines[at + 1] ?? '')?.[1]
        : undefined);
    if (name === undefined) continue;
    const around = lines.slice(Math.max(0, at - 5), at + 6).join('\n');
    if (/received undefined|"received": "undefined"|Required|received: 'undefined'/.test(around)) found.push(name);
  }
  return found;
}
