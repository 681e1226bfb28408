/** With an underscore: one word in capitals may be anything (CSRF, REDIS), except where the line speaks of variables. */
const NAME = '([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)';
const ANY_NAME = '([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z][A-Z0-9]{2,60})';
const VARIABLE = '(?:[Ee]nv(?:ironment)?[ -]?(?:[Vv]ar(?:iable)?s?)?|[Vv]ariables?)';
const QUOTE = '["\'`]?';
const ABSENT =
  '(?:not (?:set|defined|found(?! in the (?!env))|provided|configured|specified|present|available)|missing|required(?! to (?!be set))|undefined|unset|empty)\\b';
/** What may stand between a name and "not set". "Set" alone says the opposite. */
const LINK = '(?:(?:is|was|be|are|has|been|either|required|missing|and|but|or) ){0,4}';

/** How libraries and applications report a missing variable. Each names it in its first group. */
const PATTERNS: readonly RegExp[] = [
  new RegExp(`${VARIABLE} not found:? \\(?${QUOTE}${ANY_NAME}`),
  // "Missing required environment variable: X", "Invalid environment variables: X", "No env var named X".
  new RegExp(
    `\\b(?:[Mm]issing|[Uu]ndefined|[Uu]nset|[Ii]nvalid|[Nn]o|[Ee]mpty)(?: required| or invalid| or empty| value for| the){0,2} ${VARIABLE}(?: named| called)?:? ["'\`(]?${ANY_NAME}\\b`,
  ),
  // "Missing X", "Missing required X": nothing but the end, or a word on where it belongs, may follow.
  new RegExp(
    `\\b(?:[Mm]issing|[Uu]ndefined|[Uu]nset)(?: required| value for| the){0,2}:? ["'\`(]?${NAME}["'\`)]?(?=$|[.,;:!)'"\`]| (?:in|from|env|environment|variable|and|or)\\b)`,
  ),
  new RegExp(`\\b[Nn]o ${QUOTE}${NAME}${QUOTE}(?:[.!]?$| (?:is |was )?(?:set|given|in the env))`),
  // "X environment variable is missing or empty".
  new RegExp(
    `\\b${ANY_NAME}${QUOTE} (?:env|environment|variable)\\b(?: var\\b| variable\\b)? (?:must be (?:set|defined|provided)|${LINK}${ABSENT})`,
  ),
  // "X is not set", "X must be set".
  new RegExp(
    `\\b${NAME}${QUOTE} (?:(?:must|needs to|has to|should) be (?:set|defined|provided|configured|specified)|(?:is|was) (?:a )?${LINK}${ABSENT}|not (?:set|defined|found|provided|configured)\\b|missing\\b|undefined\\b)`,
  ),
  new RegExp(`\\b${ANY_NAME}${QUOTE} (?:is not set|must be set|is unset)\\b`),
  // "Environment variable X must be set", "process.env.X is undefined", "please define the X environment variable".
  new RegExp(
    `(?:${VARIABLE}|process\\.env\\.|import\\.meta\\.env\\.) ?${QUOTE}${ANY_NAME}${QUOTE} (?:must be (?:set|defined|provided)|${LINK}${ABSENT})`,
  ),
  new RegExp(
    `(?:[Dd]efine|[Ss]et|[Pp]rovide|[Ss]pecify)(?: the| a)? ${QUOTE}${ANY_NAME}${QUOTE} (?:env|environment|variable|in(?:side)? (?:your |the )?\\.env)`,
  ),
  new RegExp(`Cannot resolve environment variable:? ${QUOTE}${ANY_NAME}`),
  new RegExp(`"${ANY_NAME}" is not exported by "virtual:env/static/`),
  // An issue of a schema, in a list of its own.
  new RegExp(
    `(?:^\\s*|[{,] ?)-? ?${QUOTE}${NAME}${QUOTE}: (?:\\[ ?["'\`])?(?:Required|Invalid input: expected \\w{1,20}, received undefined|is required|Missing|undefined)\\b`,
  ),
];

/** What precedes the name of something else that is missing: "column USER_ID is required". */
const OTHER_THING =
  /\b(?:table|column|field|relation|index|constraint|type|enum|role|permission|scope|header|cookie|constant|code|status|feature|flag|event|action|method|function|class|module|package|file|schema|bucket|queue|topic|option|parameter|param|argument|property|attribute|plugin|extension|locale|template|collection|model|view|sequence|trigger|symbol|label|state|reason|user|group|team|policy|rule|tag|macro|node|job|task|step|command|locale|translation|message|asset|icon|component|import|export|identifier) ["'`(]?$/i;
/** What follows it: "USER_ID column is required", "missing READ_ALL permission". */
const OTHER_AFTER =
  /^["'`)]? (?:table|column|field|header|cookie|constraint|permission|role|scope|parameter|param|argument|property|option|event|constant|flag|file|state|status|code|claim|attribute)\b/i;
/** An application that says so goes on without the variable. */
const GOES_ON =
  /\b(?:warn(?:ing)?|info|debug|notice|hint)\b\W|\bskipp(?:ing|ed)|\b(?:using|use|with|to) (?:(?:the|a|an|its|in-memory) )?(?:default|fallback|memory|in-memory)|\bdefault(?:s|ing|ed) to|\bfall(?:ing|s)? ?back|\boptional(?:ly)?\b|\bis disabled|\bwill be disabled|\bdisabl(?:ing|ed)\b|\bignor(?:ing|ed)\b|\bdeprecat/i;
/** A ReferenceError is about a name in the code. */
const IN_CODE = /ReferenceError|is not defined in|TS\d{4}|^\s*at /;

/** A name of the language or a protocol, not of a variable. */
const NOT_VARIABLES: ReadonlySet<string> = new Set(
  `ERROR FATAL WARN WARNING INFO DEBUG TODO NONE TRUE FALSE NULL THIS JSON HTML HTTP HTTPS UTF8 UUID SASS
  CORS CSRF CSS DOM XML SQL SSL GET PUT POST DELETE PATCH OPTIONS HEAD URL URI API JWT TLS DNS YAML NODE
  NODE_MODULES MODULE_NOT_FOUND ERR_MODULE_NOT_FOUND ENOENT AND NOT THE ARE`.split(/\s+/),
);
/** Codes of errors: of Node and the system, of HTTP clients, of Prisma. */
const CODE =
  /^E[A-Z]{3,12}$|^(?:ERR|UND_ERR|SQLITE|HPE)_|_(?:ERROR|ERR|EXCEPTION|FAILED|FAILURE|NOT_FOUND|INVALID|MISSING|REQUIRED|DENIED|TIMEOUT|EXPIRED|UNAVAILABLE)$/;

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

/**
 * Returns the environment variables that the lines call missing, at most eight. A line that only mentions a variable,
 * or says that the application goes on without it, names none.
 */
export function missingVariables(lines: readonly string[]): readonly string[] {
  const names = new Set<string>();
  for (const line of lines) {
    if (IN_CODE.test(line) || GOES_ON.test(line)) continue;
    for (const pattern of PATTERNS) {
      const match = pattern.exec(line);
      const name = match?.[1];
      if (match === null || name === undefined || NOT_VARIABLES.has(name) || CODE.test(name)) continue;
      const at = line.indexOf(name, match.index);
      if (OTHER_THING.test(line.slice(Math.max(0, at - 40), at)) || OTHER_AFTER.test(line.slice(at + name.length)))
        continue;
      names.add(name);
    }
    // "Missing environment variables: A, B, C"
    const list =
      /(?:[Mm]issing|[Ii]nvalid|[Uu]nset|[Rr]equired|not set)\b[^:]{0,40}(?:[Ee]nv(?:ironment)? ?var(?:iable)?s?)[^:]{0,60}: {0,2}([A-Z][A-Z0-9_]{2,60}(?:, ?[A-Z][A-Z0-9_]{2,60}){1,20})/.exec(
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
