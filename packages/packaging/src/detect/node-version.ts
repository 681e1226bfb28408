import { devEngine, objectField, textField, type PackageJson } from './package-json.ts';
import { parseMise, parseToolVersions, parseVersionFile, type ToolVersions } from './version-files.ts';

/** Files that name a Node version, the first that does wins. */
const VERSION_FILES: readonly Readonly<{ name: string; parse: (text: string) => ToolVersions }>[] = [
  { name: '.nvmrc', parse: nodeAlone },
  { name: '.node-version', parse: nodeAlone },
  { name: '.tool-versions', parse: parseToolVersions },
  ...[
    'mise.toml',
    '.mise.toml',
    'mise/config.toml',
    '.mise/config.toml',
    '.config/mise.toml',
    '.config/mise/config.toml',
  ].map((name) => ({ name, parse: parseMise })),
];
export const VERSION_FILE_NAMES: readonly string[] = VERSION_FILES.map(({ name }) => name);

/** A folder that may name versions: the project's, then those around it. `text`: of its version files. */
export type VersionFolder = Readonly<{
  folder: string;
  packageJson: PackageJson | undefined;
  text: (name: string) => string | undefined;
}>;

/** `range` as written, and what wrote it, for messages. */
export type NamedVersion = Readonly<{ range: string; from: string }>;

/**
 * Returns the Node version that a repository names. In each source the project's folder has priority over those around
 * it: version files (.nvmrc, .node-version, .tool-versions, mise.toml), then package.json: `volta.node`,
 * `devEngines.runtime`, `engines.node`. A setting of the project has priority over all of them and is handled
 * elsewhere.
 */
export function namedNode(folders: readonly VersionFolder[]): NamedVersion | undefined {
  const inFolder = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);
  for (const { folder, text } of folders) {
    for (const { name, parse } of VERSION_FILES) {
      const content = text(name);
      const range = content === undefined ? undefined : parse(content).node;
      if (range !== undefined) return { range, from: inFolder(folder, name) };
    }
  }
  for (const [what, read] of FIELDS) {
    for (const { folder, packageJson } of folders) {
      const range = read(packageJson);
      if (range !== undefined) return { range, from: `${what} in ${inFolder(folder, 'package.json')}` };
    }
  }
  return undefined;
}

/** Returns the versions of package managers that version files name; the project's folder has priority. */
export function toolVersions(folders: readonly VersionFolder[]): ToolVersions {
  const all = folders.flatMap(({ text }) => VERSION_FILES.map(({ name, parse }) => parse(text(name) ?? '')));
  return all.reduceRight<ToolVersions>((found, versions) => ({ ...found, ...versions }), {});
}

const FIELDS: readonly (readonly [string, (json: PackageJson | undefined) => string | undefined])[] = [
  ['volta.node', (json) => textField(objectField(json, 'volta'), 'node')],
  ['devEngines.runtime', (json) => devEngine(json, 'runtime', (name) => name === 'node')?.version],
  ['engines.node', (json) => textField(objectField(json, 'engines'), 'node')],
];

function nodeAlone(text: string): ToolVersions {
  const node = parseVersionFile(text);
  return node === undefined ? {} : { node };
}
