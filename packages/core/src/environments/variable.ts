import type { ProjectId, VariableId } from '../names/id.ts';
import type { EnvironmentName, VariableName } from '../names/name.ts';

/** A variable of one environment of a project. `sealed` is the encrypted value (SecretBox); secrets are write-only through the API. */
export type Variable = Readonly<{
  id: VariableId;
  projectId: ProjectId;
  environment: EnvironmentName;
  name: VariableName;
  sealed: string;
  secret: boolean;
  /** `build`: only while building; `run`: only in functions. */
  scope: 'build' | 'run' | 'both';
  updatedAt: number;
  version: number;
}>;

/** Names that the platform sets itself; a person can not set them. */
export const SYSTEM_VARIABLE_PREFIX = 'ANCHOR_';
/** Names that would change how our own processes start; refused. */
export const REFUSED_VARIABLES: readonly string[] = ['NEXT_ADAPTER_PATH', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'LD_AUDIT'];
