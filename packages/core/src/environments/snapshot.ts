import type { DeploymentId, ProjectId } from '../names/id.ts';
import type { EnvironmentName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import { ok, type Result } from '../result/result.ts';
import { snapshotSchema, type Snapshot } from './snapshot-schema.ts';

export const variableContext = (projectId: ProjectId, environment: EnvironmentName, name: string): string => `variable/${projectId}/${environment}/${name}`;
export const snapshotContext = (id: DeploymentId): string => `snapshot/${id}`;

/** Opens an environment's variables as a build and its functions will see them. Untrusted builds get no secrets and none of the `run` ones. */
export const takeSnapshot =
  (ports: Pick<Ports, 'variables' | 'secrets'>) =>
  async (input: Readonly<{ projectId: ProjectId; environment: EnvironmentName; trusted: boolean; system: Readonly<Record<string, string>> }>): Promise<Result<Snapshot>> => {
    const build: Record<string, string> = {};
    const run: Record<string, string> = {};
    const secrets: string[] = [];
    for (const variable of await ports.variables.list(input.projectId, input.environment)) {
      if (!input.trusted && variable.secret) continue;
      const value = await ports.secrets.open(variable.sealed, variableContext(input.projectId, input.environment, variable.name));
      if (!value.ok) return value;
      if (variable.scope !== 'run') build[variable.name] = value.value;
      if (variable.scope !== 'build') run[variable.name] = value.value;
      if (variable.secret) secrets.push(value.value);
    }
    return ok({ build: { ...build, ...input.system }, run: { ...run, ...input.system }, secrets });
  };

export const sealSnapshot = (ports: Pick<Ports, 'secrets'>) => (id: DeploymentId, snapshot: Snapshot): Promise<string> => ports.secrets.seal(JSON.stringify(snapshot), snapshotContext(id));

export const openSnapshot = (ports: Pick<Ports, 'secrets'>) => async (id: DeploymentId, sealed: string): Promise<Result<Snapshot>> => {
  const opened = await ports.secrets.open(sealed, snapshotContext(id));
  return opened.ok ? ok(snapshotSchema.parse(JSON.parse(opened.value))) : opened;
};
