import type { DeploymentId, ProjectId } from '../names/id.ts';
import type { EnvironmentName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import { ok, type Result } from '../result/result.ts';
import { snapshotSchema, type Snapshot } from './snapshot-schema.ts';

/** The context that a sealed value is bound to. No name of a variable has a "@". */
export const variableContext = ({
  projectId,
  environment,
  name,
  branch,
}: Readonly<{ projectId: ProjectId; environment: EnvironmentName; name: string; branch?: string }>): string =>
  `variable/${projectId}/${environment}/${name}${branch === undefined ? '' : `@${branch}`}`;
export const snapshotContext = (id: DeploymentId): string => `snapshot/${id}`;

/**
 * Opens an environment's variables as a build and its functions will see them: those of the branch before those of the
 * whole environment. Untrusted builds get no secrets, and nothing of a branch: a fork chooses the name of its own.
 */
export const resolveVariables =
  (ports: Pick<Ports, 'variables' | 'secrets'>) =>
  async (
    input: Readonly<{
      projectId: ProjectId;
      environment: EnvironmentName;
      trusted: boolean;
      branch?: string;
      system: Readonly<Record<string, string>>;
      /** An environment's own variables of these names win. */
      defaults?: Readonly<Record<string, string>>;
    }>,
  ): Promise<Result<Snapshot>> => {
    const build: Record<string, string> = {};
    const run: Record<string, string> = {};
    const secrets: string[] = [];
    const listed = await ports.variables.list(input.projectId, input.environment);
    const applying = listed.filter(({ branch }) => branch === undefined || (input.trusted && branch === input.branch));
    const replaced = new Set(applying.filter(({ branch }) => branch !== undefined).map(({ name }) => name));
    for (const variable of applying) {
      if (!input.trusted && variable.secret) continue;
      if (variable.branch === undefined && replaced.has(variable.name)) continue;
      const value = await ports.secrets.open(variable.sealed, variableContext(variable));
      if (!value.ok) return value;
      if (variable.scope !== 'run') build[variable.name] = value.value;
      if (variable.scope !== 'build') run[variable.name] = value.value;
      if (variable.secret) secrets.push(value.value);
    }
    return ok({
      build: { ...input.defaults, ...build, ...input.system },
      run: { ...input.defaults, ...run, ...input.system },
      secrets,
    });
  };

export const sealSnapshot =
  (ports: Pick<Ports, 'secrets'>) =>
  (id: DeploymentId, snapshot: Snapshot): Promise<string> =>
    ports.secrets.seal(JSON.stringify(snapshot), snapshotContext(id));

export const decryptSnapshot =
  (ports: Pick<Ports, 'secrets'>) =>
  async (id: DeploymentId, sealed: string): Promise<Result<Snapshot>> => {
    const opened = await ports.secrets.open(sealed, snapshotContext(id));
    return opened.ok ? ok(snapshotSchema.parse(JSON.parse(opened.value))) : opened;
  };
