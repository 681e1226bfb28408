import semver from 'semver';

/**
 * The newest major of Node for releases of a framework below a version, as found by running them, and what fails on
 * newer ones.
 */
type Limit = Readonly<{ name: string; below: string; major: number; why: string }>;

/**
 * Found with Node 20, 22, 24 and 26. Next 12.0, 13.0, 13.5 and 14.2 build and serve on 26, but their preview mode fails
 * with 500, as that of 15.5, 16.1 and up to 16.4.3 does: the jsonwebtoken that they ship needs `SlowBuffer`, which Node
 * 25 removed. The build of 12.3 loads it, and fails after its retries.
 */
const LIMITS: readonly Limit[] = [
  {
    name: 'next',
    below: '16.4.4',
    major: 24,
    why: 'preview mode and, before 13, the build need SlowBuffer, which Node 25 removed',
  },
];

export type NewestNode = Readonly<{ major: number; why: string }>;

/** Returns the newest Node that the application's framework runs on; undefined when it is not known to have a limit. */
export function newestNode(
  dependencies: Readonly<Record<string, unknown>>,
  lockFile: string | undefined,
): NewestNode | undefined {
  for (const { name, below, major, why } of LIMITS) {
    const range = dependencies[name];
    if (typeof range !== 'string') continue;
    const version = lockedVersion(name, lockFile ?? '') ?? exactly(range);
    if (version !== undefined && semver.lt(version, below))
      return { major, why: `${name} ${version} does not run well on newer ones: ${why}` };
  }
  return undefined;
}

/** Names of whatever is newest. */
const OPEN = /^(?:node|current|latest|stable|lts|lts\/\*)$/i;

/** Limits a range of Node versions to a major; returns the range itself where nothing would be left. */
export function atMost(range: string, major: number): string {
  if (OPEN.test(range.trim())) return String(major);
  const plain = semver.validRange(range);
  const limit = `<${major + 1}.0.0-0`;
  if (plain === null || !semver.intersects(plain, limit)) return range;
  return plain
    .split('||')
    .map((part) => `${part.trim()} ${limit}`.trim())
    .filter((part) => semver.intersects(part, plain))
    .join(' || ');
}

/** Returns a range that is one version, or whose versions are all older than any without a limit (`^14.0.0`). */
function exactly(range: string): string | undefined {
  const plain = semver.validRange(range);
  if (plain === null || LIMITS.some(({ below }) => semver.intersects(plain, `>=${below}`))) return undefined;
  return semver.minVersion(plain)?.version;
}

/**
 * Returns the version of the root's dependency as npm, pnpm, yarn and bun write it; the first where there are several.
 */
function lockedVersion(name: string, text: string): string | undefined {
  const shapes = [
    `"node_modules/${name}": {`,
    `\n${name}@`,
    `\n"${name}@`,
    ` ${name}@`,
    `"${name}": ["${name}@`,
    ` /${name}@`,
    ` /${name}/`,
  ];
  for (const shape of shapes) {
    const at = text.indexOf(shape);
    if (at === -1) continue;
    const version = /\d+\.\d+\.\d+(?:-[\w.]+)?/.exec(
      shape.startsWith('\n')
        ? (/\n\s+"?version"?:? "?([^"\n]+)/.exec(text.slice(at, at + 400))?.[1] ?? '')
        : text.slice(at + shape.length, at + shape.length + 200),
    )?.[0];
    if (version !== undefined && semver.valid(version) !== null) return version;
  }
  return undefined;
}
