import { parseId, type DeploymentId } from '@anchor/core/names/id.ts';
import { ERROR_CODES } from '@anchor/core/result/result.ts';
import { z } from 'zod';

/**
 * The control socket speaks HTTP/1.1: `POST /acquire`, `/touch`, `/stop`, `/prepare` with a JSON body, `GET /status`.
 * Answers are `{"ok":true,"value":…}` or `{"ok":false,"error":AnchorError}`, so that curl can be used to look at it.
 */
const deploymentId = z.string().refine((text): text is DeploymentId => parseId('dpl', text) !== undefined, 'not a deployment id');
/** Names the caller (an edge worker) for the life of its process. */
const caller = z.string().min(1).max(64);

export const acquireRequest = z.object({ caller, deploymentId });
export const touchRequest = z.object({ caller, use: z.array(z.object({ deploymentId, inflight: z.int().nonnegative() })) });
export const stopRequest = z.object({ deploymentId });
export const prepareRequest = stopRequest;

const error = z.object({ code: z.enum(ERROR_CODES), message: z.string(), cause: z.string().optional(), fix: z.string() });
const answer = <T extends z.ZodType>(value: T) => z.discriminatedUnion('ok', [z.object({ ok: z.literal(true), value }), z.object({ ok: z.literal(false), error })]);

export const acquireAnswer = answer(z.object({ upstreams: z.array(z.object({ kind: z.literal('unix'), path: z.string(), instance: z.string() })), leaseMs: z.number(), timeoutMs: z.number() }));
export const touchAnswer = answer(z.array(deploymentId));
export const emptyAnswer = answer(z.null());

const statusSchema = z.object({
  instances: z.array(z.object({
    id: z.string(), deployment: z.string(), state: z.enum(['ready', 'withdrawn', 'draining']), pid: z.number().optional(),
    /** Milliseconds since the epoch, and from the start to the first accepted connection. */
    since: z.number(), startMs: z.number(),
    memoryLimitMb: z.number(), memoryPeakMb: z.number(),
    /** Requests in flight of all instances of the deployment together, as the edges last told. */
    inflight: z.number(),
  })),
  /** Counters since the host started. */
  starts: z.number(), crashes: z.number(),
  coldStartMs: z.object({ buckets: z.array(z.object({ le: z.number(), count: z.number() })), sum: z.number(), count: z.number() }),
  /** Sandboxes that wait for the next start of a function that is scaled to zero, and how many of them with a process in it. */
  standbys: z.number(), waiting: z.number(),
  used: z.object({ instances: z.number(), memoryMb: z.number() }),
  limits: z.object({ instances: z.number(), memoryMb: z.number() }),
});
export const statusAnswer = answer(statusSchema);
export type HostStatus = z.infer<typeof statusSchema>;
