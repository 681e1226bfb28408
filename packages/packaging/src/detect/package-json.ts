/** A parsed package.json; nothing about its fields is known. */
export type PackageJson = Readonly<Record<string, unknown>>;

/** Returns an object field of a package.json; empty when it is absent or something else. */
export function objectField(json: PackageJson | undefined, name: string): PackageJson {
  const value = json !== undefined && Object.hasOwn(json, name) ? json[name] : undefined;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as PackageJson) : {};
}

/** Returns a text field that is not empty. */
export function textField(json: PackageJson, name: string): string | undefined {
  const value = Object.hasOwn(json, name) ? json[name] : undefined;
  return typeof value === 'string' && value.trim() !== '' && value.length <= 512 ? value.trim() : undefined;
}

/**
 * Returns what `devEngines` names (`{ name, version }` or a list of them, of which the first that `takes` accepts
 * counts).
 */
export function devEngine(
  json: PackageJson | undefined,
  field: 'runtime' | 'packageManager',
  takes: (name: string) => boolean,
): Readonly<{ name: string; version?: string }> | undefined {
  const value = objectField(json, 'devEngines')[field];
  const choices: readonly unknown[] = Array.isArray(value) ? value : [value];
  for (const choice of choices) {
    if (typeof choice !== 'object' || choice === null) continue;
    const engine = choice as PackageJson;
    const name = textField(engine, 'name');
    const version = textField(engine, 'version');
    if (name !== undefined && takes(name)) return { name, ...(version === undefined ? {} : { version }) };
  }
  return undefined;
}

/** Returns all dependencies by name, of every kind; of two kinds the one that production uses wins. */
export const dependenciesOf = (json: PackageJson | undefined): PackageJson => ({
  ...objectField(json, 'peerDependencies'),
  ...objectField(json, 'devDependencies'),
  ...objectField(json, 'optionalDependencies'),
  ...objectField(json, 'dependencies'),
});
