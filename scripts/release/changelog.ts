const UNRELEASED = '## Unreleased\n';

/**
 * Returns the changelog with the entries under "Unreleased" as a release of their own, and an empty "Unreleased" above.
 * Throws when there are no entries, or when the version is not a later one than that of the newest release.
 */
export function releaseChangelog(text: string, version: string, date: string): string {
  if (!/^\d+\.\d+\.\d+$/.test(version))
    throw new Error(`"${version}" is not a version: use three numbers, such as 0.2.0`);
  const start = text.indexOf(UNRELEASED);
  if (start === -1) throw new Error('CHANGELOG.md has no section "Unreleased"');
  const rest = text.slice(start + UNRELEASED.length);
  const next = rest.search(/^## /m);
  const entries = (next === -1 ? rest : rest.slice(0, next)).trim();
  if (entries === '') throw new Error('Nothing is under "Unreleased" in CHANGELOG.md');
  const last = /^## (\d+\.\d+\.\d+)/m.exec(rest)?.[1];
  if (last !== undefined && compare(version, last) <= 0)
    throw new Error(`${version} is not later than ${last}, the newest release`);
  const older = next === -1 ? '' : `\n${rest.slice(next)}`;
  return `${text.slice(0, start)}${UNRELEASED}\n## ${version} (${date})\n\n${entries}\n${older}`;
}

function compare(one: string, other: string): number {
  const [a, b] = [one, other].map((version) => version.split('.').map(Number));
  const at = a?.findIndex((part, i) => part !== b?.[i]) ?? -1;
  return at === -1 ? 0 : (a?.[at] ?? 0) - (b?.[at] ?? 0);
}

/** Sets the version of the root package in package.json or package-lock.json, and changes nothing else of the text. */
export function setVersion(json: string, version: string): string {
  const { version: current } = JSON.parse(json) as { version?: string };
  if (current === undefined) throw new Error('The root package has no version');
  let left = json.includes('"lockfileVersion"') ? 2 : 1; // the lock file has it twice: of itself and of packages[""]
  return json.replaceAll(`"version": "${current}"`, (found) => (left-- > 0 ? `"version": "${version}"` : found));
}
