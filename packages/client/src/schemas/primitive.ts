import { z } from 'zod';

/** Milliseconds since the epoch. */
export const timestamp = z.int().nonnegative().meta({ description: 'Milliseconds since the epoch.' });
const id = (prefix: string) =>
  z.string().regex(new RegExp(`^${prefix}_[0-9a-z]{20}$`), `must be an id such as ${prefix}_0123456789abcdefghij`);
export const projectId = id('prj');
export const deploymentId = id('dpl');
export const deliveryId = id('dlv');
export const tokenId = id('tok');
export const jobId = id('job');
export const personId = id('per');
export const teamId = id('tem');
export const invitationId = id('inv');
export const sessionId = id('ses');
/** Where a path names a team: its id or its name. */
export const teamRef = z.string().min(1).max(40).meta({ description: "The team's id or name." });

export const projectName = z
  .string()
  .regex(
    /^(?!.*--)[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/,
    'must be 1 to 40 of a–z, 0–9 and single "-", starting and ending with a letter or digit',
  )
  .meta({ description: '1 to 40 of a–z, 0–9 and single "-", starting and ending with a letter or digit.' });
/** Where a path names a project: its id or its name. */
export const projectRef = z
  .string()
  .regex(/^(?:prj_[0-9a-z]{20}|[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?)$/, "must be a project's id or name")
  .meta({ description: "The project's id or name." });
export const environmentName = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/,
    'must be production, preview, or a stage of 1 to 32 of a–z, 0–9 and "-"',
  )
  .meta({ description: 'production, preview, or a stage name.' });
export const branchName = z.string().min(1).max(244);
export const commitSha = z
  .string()
  .regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'must be a full commit id: 40 or 64 hex digits in lower case');
/** A commit as a user names it: its id, or a prefix of it. */
export const commitPrefix = z
  .string()
  .regex(/^[0-9a-fA-F]{4,64}$/, 'must be a commit id or at least its first 4 hex digits');
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in 64 hex digits');
export const variableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,254}$/, 'must be letters, digits and "_", not starting with a digit');
export const hostName = z.string().min(1).max(253);
