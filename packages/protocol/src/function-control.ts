/**
 * The control socket of the function host: HTTP/1.1 on a unix socket, with a JSON object as the body of a request. A
 * response is a `ControlResponse`, so that curl can be used to inspect it. Each message is idempotent.
 */
export const FUNCTION_CONTROL = {
  /** Starts an instance where none runs, and leases what runs. Body: `AcquireMessage`; value: `AcquiredMessage`. */
  acquire: 'POST /acquire',
  /** Renews leases. Body: `TouchMessage`; value: ids of the deployments to acquire again. */
  touch: 'POST /touch',
  /** Drains and stops all instances of a deployment. Body: `DeploymentMessage`; value: null. */
  stop: 'POST /stop',
  /** Puts files and Node in place without starting. Body: `DeploymentMessage`; value: null. */
  prepare: 'POST /prepare',
  /** Adds a line of the edge to a deployment's runtime log. Body: `NoteMessage`; value: null. */
  note: 'POST /note',
  /** Counters and instances, for `anchor doctor` and the metrics. */
  status: 'GET /status',
} as const;

export type ControlEndpoint = (typeof FUNCTION_CONTROL)[keyof typeof FUNCTION_CONTROL];

export type ControlResponse<Value> =
  | Readonly<{ ok: true; value: Value }>
  | Readonly<{
      ok: false;
      error: Readonly<{ code: string; message: string; cause?: string | undefined; fix: string }>;
    }>;

/** `caller` names an edge worker for the life of its process. */
export type AcquireMessage = Readonly<{ caller: string; deploymentId: string }>;

export type AcquiredMessage = Readonly<{
  upstreams: readonly Readonly<{ kind: 'unix'; path: string; instance: string }>[];
  /** Counted from the call. */
  leaseMs: number;
  /** How long a request may wait for the first byte of its response. */
  timeoutMs: number;
}>;

export type TouchMessage = Readonly<{
  caller: string;
  /** `inflight`: requests in flight now, of deployments used since the last message. */
  use: readonly Readonly<{ deploymentId: string; inflight: number }>[];
}>;

export type DeploymentMessage = Readonly<{ deploymentId: string }>;

export type NoteMessage = Readonly<{ deploymentId: string; requestId: string; level: 'warn' | 'error'; text: string }>;

/** Longest text of a note, in characters. The client cuts what is longer; the host refuses it. */
export const MAX_NOTE_CHARS = 4096;
