/**
 * The command behind wrappers such as `cross-env`, `npx` or `dotenv --` in a start script. `script`: of a package.json,
 * in the folder that `at` names (a path from here, or a workspace's name).
 */
export type Unwrapped =
  | Readonly<{
      kind: 'program';
      name: string;
      argv: readonly string[];
      environment: Readonly<Record<string, string>>;
      exact: boolean;
    }>
  | Readonly<{
      kind: 'script';
      script: string;
      at: ScriptPlace;
      args: readonly string[];
      manager: string;
      environment: Readonly<Record<string, string>>;
    }>
  | Readonly<{ kind: 'several'; scripts: readonly string[] }>
  | Readonly<{ kind: 'install' } | { kind: 'nothing' }>;
export type ScriptPlace = Readonly<{ folder?: string; workspace?: string }>;
