import type { BuildSettings } from '@anchor/core/projects/project.ts';
import type { Framework } from './frameworks.ts';
import type { PackageJson } from './package-json.ts';
import type { StartCommand } from './start-command.ts';

/**
 * The input of detection: names in the root directory (directories end with "/"), and its package.json. `packages`:
 * those of folders below, by path. `procfile`: the text of a Procfile.
 */
export type Listing = Readonly<{
  files: readonly string[];
  packageJson?: PackageJson;
  settings: BuildSettings;
  nodeVersionFile?: string;
  packages?: ReadonlyMap<string, PackageJson>;
  procfile?: string;
  /** The file by which the start script runs Next.js inside a server of the project's own (see custom-server.ts). */
  customServer?: string;
  /** The root file that opens a port by itself (see root-server.ts). */
  listeningServer?: string;
}>;

/** A folder of files to serve; `directories` are tried in order. */
export type FilesPlan = Readonly<{ directories: readonly string[]; spa: boolean }>;

/**
 * The plan for a checkout. `build`: a script of package.json, turbo with a filter (in the workspace's folder), shell
 * text of the user, or nothing. `output`: where the result is expected. Where a framework is known or the start is a
 * guess, the build's output decides (see built-output.ts): `files` of a server are served when there is no server after
 * the build.
 */
export type Plan = Readonly<{
  framework: 'nextjs' | 'static' | 'spa' | 'node';
  build: Readonly<{ script: string } | { turbo: string } | { shell: string }> | undefined;
  /** Variables that the framework's build needs, below those of the project. */
  buildEnvironment?: Readonly<Record<string, string>>;
  output: Readonly<
    | { kind: 'next' }
    | ({ kind: 'files' } & FilesPlan)
    | { kind: 'server'; start: StartCommand; guessed?: true; files?: FilesPlan }
  >;
  /** A framework whose output may decide more. */
  known?: Framework;
  /** Folder of the package that is built, relative to the project, where a script of the root leads there. */
  within?: string;
  /** A server of the project's own around Next.js: its pages need packages that its entry does not name. */
  aroundNext?: true;
  nodeRange: string | undefined;
  /** Why this was chosen, for the build log. */
  because: string;
  /** Further notes for the build log. */
  notes?: readonly string[];
}>;
