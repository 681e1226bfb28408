import type { PackageJson } from './package-json.ts';
import type { Listing } from './plan.ts';
import type { ResolvedStart } from './resolved-start.ts';
import { SCRIPT_BUDGET, resolveStart, type Packages } from './start-script.ts';

/** Resolves what the start script of a project finally runs; undefined without one. */
export function startOf(listing: Pick<Listing, 'packageJson' | 'packages'>): ResolvedStart | undefined {
  const text = textsOf(listing.packageJson?.['scripts'])['start'];
  return text === undefined ? undefined : resolveStart(text, packagesOf(listing));
}

export function packagesOf({ packageJson, packages }: Pick<Listing, 'packageJson' | 'packages'>): Packages {
  const known = new Map<string, Readonly<Record<string, string>>>();
  return {
    budget: { left: SCRIPT_BUDGET },
    scriptsAt(folder) {
      const json = folder === '' ? packageJson : packages?.get(folder);
      const scripts = json === undefined ? undefined : (known.get(folder) ?? textsOf(json['scripts']));
      if (scripts !== undefined) known.set(folder, scripts);
      return scripts;
    },
    folderOf: (name) =>
      packages?.has(name) === true ? name : [...(packages ?? [])].find(([, json]) => json['name'] === name)?.[0],
  };
}

export const dependenciesOf = (json: PackageJson | undefined): ReadonlySet<string> =>
  new Set(Object.keys({ ...recordOf(json?.['devDependencies']), ...recordOf(json?.['dependencies']) }));

export const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value : undefined;

/** No shell takes more as one argument (MAX_ARG_STRLEN of Linux). */
const LONGEST_SCRIPT = 131_071;

export const textsOf = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(recordOf(value)).filter(
      (entry): entry is [string, string] => (textOf(entry[1])?.length ?? Infinity) <= LONGEST_SCRIPT,
    ),
  );
