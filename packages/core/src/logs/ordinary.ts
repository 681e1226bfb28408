/** Shorter values occur in any text by chance. */
export const SHORTEST_SECRET = 8;

/** Words that are common in variables and in every log, page and bundle. */
const WORDS: ReadonlySet<string> = new Set([
  'production',
  'development',
  'preview',
  'staging',
  'testing',
  'localhost',
  'undefined',
  'disabled',
  'enabled',
  'required',
  'optional',
  'postgres',
  'postgresql',
  'mysql',
  'mariadb',
  'mongodb',
  'sqlite',
  'redis',
  'database',
  'username',
  'standard',
  'basic',
  'default',
  'verbose',
  'warning',
  'critical',
  'information',
  'strict',
  'always',
  'internal',
  'external',
  'application',
  'application/json',
  'anonymous',
  'public',
]);

/** Versions, addresses of this machine, time zones, locales and regions. */
const COMMON: readonly RegExp[] = [
  /^v?\d{1,6}(?:\.\d{1,6}){1,3}(?:-[a-z]{1,10}\.?\d{0,6})?$/i,
  /^(?:[a-z]{2,8}:\/\/)?(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?::\d{1,5})?\/?$/i,
  /^(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)\/[A-Za-z_/+\d-]{1,32}$/,
  /^[a-z]{2,3}(?:[-_][A-Z][a-z]{3})?[-_][A-Z]{2}(?:\.(?:UTF|utf)-?8)?$/,
  /^(?:af|ap|ca|cn|eu|il|me|mx|sa|us)-(?:gov-)?(?:north|south|east|west|central|northeast|northwest|southeast|southwest)-?\d{0,2}[a-z]?$/,
  /^(?:true|false|yes|no|on|off|none|null)(?:,(?:true|false|yes|no|on|off|none|null))*$/i,
];

/**
 * Returns whether a variable's value is too short or too common to be redacted in text: ordinary words would be
 * removed.
 */
export function isOrdinary(value: string): boolean {
  const text = value.trim();
  return text.length < SHORTEST_SECRET || WORDS.has(text.toLowerCase()) || COMMON.some((pattern) => pattern.test(text));
}
