import { FRAMEWORKS } from '@anchor/protocol/artifact/web/framework.ts';
import { z } from 'zod';
import type { BuildSettings, FunctionSettings, HealthCheck } from './project.ts';

/** Validates a path inside the repository: relative, "/" separated, never leaving it. */
export const insidePath = z
  .string()
  .max(512)
  .refine(
    (path) =>
      !path.startsWith('/') &&
      !path.startsWith('-') &&
      !path.includes('\\') &&
      !path.includes('\0') &&
      !path.split('/').includes('..'),
    'must be a relative path inside the repository',
  );
const command = z
  .string()
  .min(1)
  .max(4_096)
  .refine((text) => !text.includes('\0'), 'must not have a NUL character');

/** The Node.js majors that the platform offers. */
export const NODE_MAJORS = { oldest: 20, newest: 26 } as const;

/** A version range. One that names only majors which are not offered is refused here, not minutes later by a build. */
const nodeVersion = z
  .string()
  .regex(/^[0-9xX.*^~<>=| -]{1,64}$/, 'must be a version or a range such as 24, 22.x or >=22')
  .refine(offered, `must allow a Node.js from ${NODE_MAJORS.oldest} to ${NODE_MAJORS.newest}`);

/** Returns whether a range may allow a supported major; ranges of several comparators are left to the build. */
function offered(range: string): boolean {
  const alternatives = range.split('||').map((part) => part.trim());
  return alternatives.some((part) => {
    const [, operator = '', digits = ''] = /^(\^|~|=|>=?|<=?)? ?(\d{1,9})(?:\.[\dxX*]{1,9}){0,2}$/.exec(part) ?? [];
    if (digits === '') return true;
    const major = Number(digits);
    if (operator.startsWith('>')) return major <= NODE_MAJORS.newest;
    if (operator.startsWith('<'))
      return operator === '<' && !part.includes('.') ? major > NODE_MAJORS.oldest : major >= NODE_MAJORS.oldest;
    return major >= NODE_MAJORS.oldest && major <= NODE_MAJORS.newest;
  });
}

/** Every setting checked at the border; unknown fields are refused so that a typing error does not pass unseen. */
export const buildSettingsSchema = z.strictObject({
  rootDirectory: insidePath.optional(),
  framework: z.enum(FRAMEWORKS).optional(),
  installCommand: command.optional(),
  buildCommand: command.optional(),
  startCommand: command.optional(),
  outputDirectory: insidePath.optional(),
  gitDepth: z.int().min(0).max(1_000_000).optional(),
  vercelVariables: z.boolean().optional(),
  nodeVersion: nodeVersion.optional(),
  paths: z.array(z.string().min(1).max(1_024)).max(100).optional(),
});

export const healthSchema = z.strictObject({
  path: z
    .string()
    .startsWith('/')
    .max(2_048)
    .regex(/^[\x21-\x7e]+$/, 'must be ASCII without spaces; write other characters percent-encoded'),
  status: z.array(z.int().min(100).max(599)).min(1).max(50).optional(),
  timeoutSeconds: z.int().min(1).max(600),
});

export const functionSettingsSchema = z.strictObject({
  memoryMb: z.int().min(64).max(16_384),
  maxInstances: z.int().min(1).max(100),
  minInstances: z.int().min(0).max(20).optional(),
  concurrency: z.int().min(1).max(1_000),
  idleSeconds: z.int().min(1).max(86_400),
  drainSeconds: z.int().min(1).max(300),
  timeoutSeconds: z.int().min(1).max(900),
  skewSeconds: z.int().min(0).max(2_592_000),
});

/** Drops keys whose value is undefined, which zod's optional() lets through and exact optional properties do not. */
export function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

export const asBuildSettings = (value: z.infer<typeof buildSettingsSchema>): BuildSettings =>
  defined(value) as BuildSettings;
export const asHealth = (value: z.infer<typeof healthSchema>): HealthCheck => defined(value) as HealthCheck;
export const asFunctions = (value: z.infer<typeof functionSettingsSchema>): FunctionSettings => defined(value);
