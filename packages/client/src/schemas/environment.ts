import { z } from 'zod';
import { branchName, deploymentId, environmentName, timestamp, variableName } from './primitive.ts';

export const environmentSchema = z
  .object({
    name: environmentName,
    branches: z.array(z.string()).meta({ description: 'Branch patterns that deploy here.' }),
    url: z.string().optional().meta({ description: 'Absent for preview: each branch has an address of its own.' }),
    deploymentId: deploymentId.optional().meta({ description: 'What it serves now.' }),
    pinned: z
      .boolean()
      .meta({ description: 'After a rollback: new deployments do not go live until a promote or an undo.' }),
    earlier: z.array(deploymentId).meta({ description: 'What it served before, newest first: the rollback targets.' }),
    revision: z.int().optional().meta({ description: 'Send it with a promote or rollback to act only on this state.' }),
    variables: z.int().meta({ description: 'How many variables it has.' }),
    updatedAt: timestamp.optional(),
  })
  .meta({ id: 'Environment' });
export type Environment = z.infer<typeof environmentSchema>;

export const variableScope = z
  .enum(['build', 'run', 'both'])
  .meta({ description: 'build: only while building; run: only in functions.' });
export const variableSchema = z
  .object({
    name: variableName,
    environment: environmentName,
    branch: branchName
      .optional()
      .meta({ description: "Only for deployments of this branch, where it wins over the environment's own value." }),
    scope: variableScope,
    secret: z.boolean(),
    value: z.string().optional().meta({ description: 'Returned only with `reveal`, and never for secrets.' }),
    updatedAt: timestamp,
  })
  .meta({ id: 'Variable' });
export type Variable = z.infer<typeof variableSchema>;

export const variableInputSchema = z.strictObject({
  name: variableName,
  value: z.string().max(65_536).meta({ description: 'Any characters but NUL, at most 64 KiB.' }),
  secret: z.boolean().optional().meta({ description: 'true when absent: never shown again.' }),
  scope: variableScope.optional().meta({ description: 'both when absent.' }),
});
export const variablesInputSchema = z
  .strictObject({
    variables: z.array(variableInputSchema).max(1000),
    branch: branchName
      .optional()
      .meta({ description: 'Set them for deployments of this branch only; not in production.' }),
    prune: z.boolean().optional().meta({
      description: 'Remove the variables of this environment (with `branch`: of that branch) that are not in the list.',
    }),
  })
  .meta({ id: 'VariablesInput' });
export type VariablesInput = z.infer<typeof variablesInputSchema>;
