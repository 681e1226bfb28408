import { WEB_RESERVED_VARIABLES } from '@anchor/protocol/artifact/web/variables.ts';
import type { ProjectId, VariableId } from '../names/id.ts';
import type { BranchName, EnvironmentName, VariableName } from '../names/name.ts';

/**
 * A variable of one environment of a project. `sealed` is the encrypted value (SecretBox); secrets are write-only
 * through the API.
 */
export type Variable = Readonly<{
  id: VariableId;
  projectId: ProjectId;
  environment: EnvironmentName;
  /** Only for deployments of this branch, where it wins over the environment's own value. */
  branch?: BranchName;
  name: VariableName;
  sealed: string;
  secret: boolean;
  /** `build`: only while building; `run`: only in functions. */
  scope: 'build' | 'run' | 'both';
  updatedAt: number;
  version: number;
}>;

/** Names that the platform sets itself; users cannot set them. */
export const SYSTEM_VARIABLE_PREFIX = 'ANCHOR_';
/** Names that would change how our own processes start; refused. */
export const RESERVED_VARIABLES: readonly string[] = [
  ...WEB_RESERVED_VARIABLES,
  'LD_PRELOAD',
  'LD_LIBRARY_PATH',
  'LD_AUDIT',
];
