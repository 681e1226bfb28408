import { parseId, type DeploymentId } from '@anchor/core/names/id.ts';
import { ERROR_CODES } from '@anchor/core/result/result.ts';
import {
  MAX_NOTE_CHARS,
  type AcquiredMessage,
  type AcquireMessage,
  type ControlResponse,
  type DeploymentMessage,
  type NoteMessage,
  type TouchMessage,
} from '@anchor/protocol/function-control.ts';
import { z } from 'zod';

/** Schemas of the messages of @anchor/protocol/function-control.ts. */
const deploymentId = z
  .string()
  .refine((text): text is DeploymentId => parseId('dpl', text) !== undefined, 'not a deployment id');
/** Names the caller (an edge worker) for the life of its process. */
const caller = z.string().min(1).max(64);

export const acquireRequest = z.object({ caller, deploymentId }) satisfies z.ZodType<AcquireMessage>;
export const touchRequest = z.object({
  caller,
  use: z.array(z.object({ deploymentId, inflight: z.int().nonnegative() })),
}) satisfies z.ZodType<TouchMessage>;
export const stopRequest = z.object({ deploymentId }) satisfies z.ZodType<DeploymentMessage>;
export const prepareRequest = stopRequest;
/** A line of the edge's own for the deployment's runtime log. */
export const noteRequest = z.object({
  deploymentId,
  requestId: z.string().max(128),
  level: z.enum(['warn', 'error']),
  text: z.string().max(MAX_NOTE_CHARS),
}) satisfies z.ZodType<NoteMessage>;

const error = z.object({
  code: z.enum(ERROR_CODES),
  message: z.string(),
  cause: z.string().optional(),
  fix: z.string(),
});
const responseOf = <T extends z.ZodType>(value: T) =>
  z.discriminatedUnion('ok', [z.object({ ok: z.literal(true), value }), z.object({ ok: z.literal(false), error })]);

export const acquireResponse = responseOf(
  z.object({
    upstreams: z.array(z.object({ kind: z.literal('unix'), path: z.string(), instance: z.string() })),
    leaseMs: z.number(),
    timeoutMs: z.number(),
  }),
) satisfies z.ZodType<ControlResponse<AcquiredMessage>>;
export const touchResponse = responseOf(z.array(deploymentId));
export const emptyResponse = responseOf(z.null());

const statusSchema = z.object({
  instances: z.array(
    z.object({
      id: z.string(),
      deployment: z.string(),
      state: z.enum(['ready', 'cordoned', 'draining']),
      pid: z.number().optional(),
      /** Milliseconds since the epoch, and from the start to the first accepted connection. */
      since: z.number(),
      startMs: z.number(),
      memoryLimitMb: z.number(),
      memoryPeakMb: z.number(),
      /** Requests in flight of all instances of the deployment together, by the edges' last report. */
      inflight: z.number(),
    }),
  ),
  /** Counters since the host started. */
  starts: z.number(),
  crashes: z.number(),
  coldStartMs: z.object({
    buckets: z.array(z.object({ le: z.number(), count: z.number() })),
    sum: z.number(),
    count: z.number(),
  }),
  /** Sandboxes for the next start of a function that is scaled to zero; those with a process in them included. */
  warmSandboxes: z.number(),
  /** Prewarmed processes in these sandboxes. */
  prewarmed: z.number(),
  used: z.object({ instances: z.number(), memoryMb: z.number() }),
  limits: z.object({ instances: z.number(), memoryMb: z.number() }),
});
export const statusResponse = responseOf(statusSchema);
export type HostStatus = z.infer<typeof statusSchema>;
