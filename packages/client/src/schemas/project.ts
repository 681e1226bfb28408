import { z } from 'zod';
import { branchName, environmentName, projectId, projectName, teamId, timestamp } from './primitive.ts';

const gitProvider = z.enum(['github', 'gitlab', 'gitea', 'generic']);
export const branchRuleSchema = z.object({
  pattern: z.string().min(1).max(244).meta({ description: '`*` matches within a path segment, `**` across.' }),
  environment: environmentName,
});
const relativePath = z.string().max(1024);

/** Overrides of what detection finds; an absent field means "detect". */
export const buildSettingsSchema = z.object({
  rootDirectory: relativePath
    .optional()
    .meta({ description: 'The folder of a monorepo that is built, relative to the repository.' }),
  framework: z.enum(['nextjs', 'static', 'spa', 'node']).optional(),
  installCommand: z.string().max(4096).optional(),
  buildCommand: z.string().max(4096).optional(),
  startCommand: z.string().max(4096).optional(),
  outputDirectory: relativePath.optional(),
  nodeVersion: z.string().max(64).optional(),
  gitDepth: z
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .meta({ description: 'How many commits of history a build sees; 1 when absent, 0 for all, with their tags.' }),
  vercelVariables: z.boolean().optional().meta({
    description:
      'Whether builds and functions get the variables that applications know from Vercel, such as VERCEL_URL, and AUTH_TRUST_HOST; true when absent.',
  }),
  paths: z.array(z.string().max(1024)).max(100).optional().meta({
    description:
      'Watch paths: folders, files and globs from the root of the repository, "!" excludes; a push that touches none of them makes no deployment.',
  }),
});
export const healthSchema = z.object({
  path: z.string().startsWith('/').max(2048),
  status: z
    .array(z.int().min(100).max(599))
    .max(50)
    .optional()
    .meta({ description: 'Accepted status codes; 200 to 399 when absent.' }),
  timeoutSeconds: z.int().min(1).max(600),
});
export const functionSettingsSchema = z.object({
  memoryMb: z.int().min(64).max(16_384),
  maxInstances: z.int().min(1).max(100),
  minInstances: z.int().min(0).max(20).optional().meta({
    description:
      'Minimum number of production instances that run without requests, for timers, bots and consumers. 0 when absent: scale to zero.',
  }),
  concurrency: z.int().min(1).max(1_000),
  idleSeconds: z.int().min(1).max(86_400),
  drainSeconds: z.int().min(1).max(300),
  timeoutSeconds: z.int().min(1).max(900).meta({
    description:
      'How long a function may take to start its response before the request fails with 504; applies to functions that start from now on.',
  }),
  skewSeconds: z.int().min(0).max(2_592_000).meta({
    description:
      'How long a replaced deployment still serves pages that were loaded from it (skew protection); applies from the next switch on.',
  }),
});

/** Where commits come from: the platform's own git remote (and uploads), or another repository. */
export const sourceSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('hosted') }),
  z.object({
    kind: z.literal('git'),
    url: z.string().meta({ description: 'Without credentials: these are encrypted and never shown.' }),
    provider: gitProvider,
  }),
]);

export const projectSchema = z
  .object({
    id: projectId,
    name: projectName,
    teamId,
    source: sourceSchema,
    productionBranch: branchName,
    branchRules: z.array(branchRuleSchema),
    build: buildSettingsSchema,
    health: healthSchema,
    functions: functionSettingsSchema,
    status: z.enum(['active', 'paused']),
    url: z.string().meta({ description: 'Address of production once something is deployed.' }),
    gitUrl: z.string().meta({ description: "The platform's own git remote of this project: `git push` here deploys." }),
    webhooks: z
      .object({ github: z.string(), gitlab: z.string(), gitea: z.string() })
      .meta({ description: 'Addresses to enter at the git provider.' }),
    createdAt: timestamp,
    updatedAt: timestamp,
    version: z
      .int()
      .meta({ description: 'Incremented at each change; send it as If-Match to change only this version.' }),
  })
  .meta({ id: 'Project' });
export type Project = z.infer<typeof projectSchema>;

/** Shown once: what a git provider needs to call us. */
export const hookSecretsSchema = z
  .object({
    webhookSecret: z.string().meta({ description: 'The secret to enter at the git provider. Shown only now.' }),
    deployHookUrl: z
      .string()
      .meta({ description: 'POST here (no token) deploys the production branch; `?branch=` another. Shown only now.' }),
  })
  .meta({ id: 'HookSecrets' });
export type HookSecrets = z.infer<typeof hookSecretsSchema>;

export const createdProjectSchema = z
  .object({ project: projectSchema, hooks: hookSecretsSchema })
  .meta({ id: 'CreatedProject' });
export type CreatedProject = z.infer<typeof createdProjectSchema>;

const sourceUrl = z
  .string()
  .min(1)
  .max(2048)
  .meta({ description: 'https:// or ssh; credentials in it are removed and encrypted.' });
const deployKey = z.string().min(1).max(16_384).meta({
  description: 'A private SSH key that can read the repository, for ssh addresses; encrypted and never shown.',
});
const sourceInput = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('hosted') }),
  z.strictObject({
    kind: z.literal('git'),
    url: sourceUrl,
    provider: gitProvider.optional(),
    deployKey: deployKey.optional(),
  }),
]);

const strictHealth = z.strictObject({
  path: healthSchema.shape.path.optional(),
  status: healthSchema.shape.status,
  timeoutSeconds: healthSchema.shape.timeoutSeconds.optional(),
});
const strictFunctions = z.strictObject(functionSettingsSchema.partial().shape);
const strictBuild = z.strictObject(buildSettingsSchema.shape);

export const projectInputSchema = z
  .strictObject({
    name: projectName,
    source: sourceInput.optional().meta({ description: 'hosted when absent.' }),
    productionBranch: branchName.optional().meta({ description: 'main when absent.' }),
    branchRules: z.array(z.strictObject(branchRuleSchema.shape)).max(50).optional(),
    build: strictBuild.optional(),
    health: strictHealth.optional(),
    functions: strictFunctions.optional(),
  })
  .meta({ id: 'ProjectInput' });
export type ProjectInput = z.infer<typeof projectInputSchema>;

const { name: _, ...settings } = projectInputSchema.shape;
/**
 * PUT: the settings as a whole; what is absent goes back to its default. The source stays when absent. A name never
 * changes.
 */
export const projectReplacementSchema = z
  .strictObject({ ...settings, status: z.enum(['active', 'paused']).optional() })
  .meta({ id: 'ProjectReplacement' });
export type ProjectReplacement = z.infer<typeof projectReplacementSchema>;

const nullable = <T extends z.ZodRawShape>(shape: T) => {
  const out: Record<string, z.ZodType> = {};
  for (const [key, value] of Object.entries(shape)) out[key] = z.nullable(value as z.ZodType);
  return out as { [K in keyof T]: z.ZodNullable<T[K] extends z.ZodType ? T[K] : never> };
};

/** PATCH of the source: without `url` the address stays, and its credentials with it. */
const sourceChange = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('hosted') }),
  z.strictObject({
    kind: z.literal('git'),
    url: sourceUrl.optional(),
    provider: gitProvider.optional(),
    deployKey: deployKey.nullable().optional(),
  }),
]);

/** PATCH: what is absent stays; `null` in `build` means "detect again". */
export const projectChangesSchema = z
  .strictObject({
    source: sourceChange.optional(),
    productionBranch: branchName.optional(),
    branchRules: z.array(z.strictObject(branchRuleSchema.shape)).max(50).optional(),
    build: z.strictObject(z.object(nullable(buildSettingsSchema.required().shape)).partial().shape).optional(),
    health: strictHealth.optional(),
    functions: strictFunctions.optional(),
    status: z.enum(['active', 'paused']).optional(),
  })
  .meta({ id: 'ProjectChanges' });
export type ProjectChanges = z.infer<typeof projectChangesSchema>;
