import { z } from 'zod';
import { branchName, environmentName, projectId, projectName, timestamp } from './primitive.ts';

const gitProvider = z.enum(['github', 'gitlab', 'gitea', 'generic']);
export const branchRuleSchema = z.object({
  pattern: z.string().min(1).max(244).meta({ description: '`*` matches within a path segment, `**` across.' }),
  environment: environmentName,
});
const relativePath = z.string().max(1024);

/** Overrides of what detection finds; an absent field means "detect". */
export const buildSettingsSchema = z.object({
  rootDirectory: relativePath.optional().meta({ description: 'The folder of a monorepo that is built, relative to the repository.' }),
  framework: z.enum(['nextjs', 'static', 'spa', 'node']).optional(),
  installCommand: z.string().max(4096).optional(),
  buildCommand: z.string().max(4096).optional(),
  startCommand: z.string().max(4096).optional(),
  outputDirectory: relativePath.optional(),
  nodeVersion: z.string().max(64).optional(),
  paths: z.array(z.string().max(1024)).max(100).optional().meta({ description: 'Globs; a push that touches none of them makes no deployment.' }),
});
export const healthSchema = z.object({
  path: z.string().startsWith('/').max(2048),
  status: z.array(z.int().min(100).max(599)).max(50).optional().meta({ description: 'Accepted status codes; 200 to 399 when absent.' }),
  timeoutSeconds: z.int().min(1).max(600),
});
export const functionSettingsSchema = z.object({
  memoryMb: z.int().min(64).max(16_384),
  maxInstances: z.int().min(1).max(100),
  concurrency: z.int().min(1).max(1_000),
  idleSeconds: z.int().min(1).max(86_400),
  drainSeconds: z.int().min(1).max(300),
  timeoutSeconds: z.int().min(1).max(900).meta({ description: 'How long a function may take to begin its answer before the request is answered 504; holds for functions that start from now on.' }),
  skewSeconds: z.int().min(0).max(2_592_000).meta({ description: 'How long a deployment that was replaced still answers the tabs that were opened on it; counts from the next switch on.' }),
});

/** Where commits come from: the platform's own git remote (and uploads), or another repository. */
export const sourceSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('hosted') }),
  z.object({ kind: z.literal('git'), url: z.string().meta({ description: 'Without credentials: these are stored sealed and never shown.' }), provider: gitProvider }),
]);

export const projectSchema = z
  .object({
    id: projectId,
    name: projectName,
    source: sourceSchema,
    productionBranch: branchName,
    branchRules: z.array(branchRuleSchema),
    build: buildSettingsSchema,
    health: healthSchema,
    functions: functionSettingsSchema,
    status: z.enum(['active', 'paused']),
    url: z.string().meta({ description: 'Where production answers once something is deployed.' }),
    gitUrl: z.string().meta({ description: "The platform's own git remote of this project: `git push` here deploys." }),
    webhooks: z.object({ github: z.string(), gitlab: z.string(), gitea: z.string() }).meta({ description: 'Addresses to enter at the git provider.' }),
    createdAt: timestamp,
    updatedAt: timestamp,
    version: z.int().meta({ description: 'Grows by one at each change; send it as If-Match to change only this version.' }),
  })
  .meta({ id: 'Project' });
export type Project = z.infer<typeof projectSchema>;

/** Shown once: what a git provider needs to call us. */
export const hookSecretsSchema = z
  .object({
    webhookSecret: z.string().meta({ description: 'The secret to enter at the git provider. Shown only now.' }),
    deployHookUrl: z.string().meta({ description: 'POST here (no token) deploys the production branch; `?branch=` another. Shown only now.' }),
  })
  .meta({ id: 'HookSecrets' });
export type HookSecrets = z.infer<typeof hookSecretsSchema>;

export const createdProjectSchema = z.object({ project: projectSchema, hooks: hookSecretsSchema }).meta({ id: 'CreatedProject' });
export type CreatedProject = z.infer<typeof createdProjectSchema>;

const sourceInput = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('hosted') }),
  z.strictObject({ kind: z.literal('git'), url: z.string().min(1).max(2048).meta({ description: 'https:// or ssh; credentials in it are taken out and sealed.' }), provider: gitProvider.optional() }),
]);

const strictHealth = z.strictObject({ path: healthSchema.shape.path.optional(), status: healthSchema.shape.status, timeoutSeconds: healthSchema.shape.timeoutSeconds.optional() });
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
/** PUT: the settings as a whole; what is absent goes back to its default. The source stays when absent. A name never changes. */
export const projectReplacementSchema = z.strictObject({ ...settings, status: z.enum(['active', 'paused']).optional() }).meta({ id: 'ProjectReplacement' });
export type ProjectReplacement = z.infer<typeof projectReplacementSchema>;

const nullable = <T extends z.ZodRawShape>(shape: T) => {
  const out: Record<string, z.ZodType> = {};
  for (const [key, value] of Object.entries(shape)) out[key] = z.nullable(value as z.ZodType);
  return out as { [K in keyof T]: z.ZodNullable<T[K] extends z.ZodType ? T[K] : never> };
};

/** PATCH: what is absent stays; `null` in `build` means "detect again". */
export const projectChangesSchema = z
  .strictObject({
    source: sourceInput.optional(),
    productionBranch: branchName.optional(),
    branchRules: z.array(z.strictObject(branchRuleSchema.shape)).max(50).optional(),
    build: z.strictObject(z.object(nullable(buildSettingsSchema.required().shape)).partial().shape).optional(),
    health: strictHealth.optional(),
    functions: strictFunctions.optional(),
    status: z.enum(['active', 'paused']).optional(),
  })
  .meta({ id: 'ProjectChanges' });
export type ProjectChanges = z.infer<typeof projectChangesSchema>;
