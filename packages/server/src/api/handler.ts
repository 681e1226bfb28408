import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import type { Endpoint, EndpointTree } from '@anchor/client/endpoints/endpoint.ts';
import type { RecordedChange } from '@anchor/core/audit/record-change.ts';
import type { Delivery } from '@anchor/core/deliveries/delivery.ts';
import type { Deployment } from '@anchor/core/deployments/deployment.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import type { Caller } from '@anchor/core/people/caller.ts';
import type { Role } from '@anchor/core/people/role.ts';
import type { Team } from '@anchor/core/people/team.ts';
import type { Origin } from '@anchor/core/sessions/sessions.ts';
import type { Result } from '@anchor/core/result/result.ts';
import type { HttpError } from '../http/problem.ts';

/** The resources that the path names, found and authorized before the handler runs. */
export type Resources = Readonly<{ project?: Project; deployment?: Deployment; delivery?: Delivery; team?: Team }>;
type Found<E extends Endpoint> = E['resource'] extends 'project'
  ? { project: Project }
  : E['resource'] extends 'deployment'
    ? { deployment: Deployment }
    : E['resource'] extends 'delivery'
      ? { delivery: Delivery }
      : E['resource'] extends 'team'
        ? { team: Team }
        : E['resource'] extends 'platform'
          ? { team?: Team }
          : unknown;
type Parsed<E, K extends 'params' | 'query' | 'body'> = E extends { readonly [P in K]: infer S extends z.ZodType }
  ? z.output<S>
  : undefined;

export type Request<E extends Endpoint> = Readonly<
  {
    params: Parsed<E, 'params'>;
    query: Parsed<E, 'query'>;
    body: Parsed<E, 'body'>;
    /** Absent only where the endpoint needs none. */
    caller: E['scope'] extends 'none' ? undefined : Caller;
    /** What the caller may do with the resource of the path. */
    role: E['scope'] extends 'none' ? undefined : Role;
    /** Where the request comes from. */
    from: Origin;
    incoming: IncomingMessage;
    /** Adds a Set-Cookie header to the response. */
    setCookie: (value: string) => void;
    /** The change in the audit log, for the states before and after it. Absent where nothing is changed. */
    change: E['method'] extends 'GET' ? undefined : RecordedChange;
    /** From If-Match. */
    ifMatch?: number;
    /** From Last-Event-ID. */
    lastEventId?: string;
    /** The bytes of an upload. */
    content: E extends { readonly stream: 'upload' } ? AsyncIterable<Uint8Array> : undefined;
    /** Aborts when the caller goes away or the server closes. */
    signal: AbortSignal;
  } & Found<E>
>;

/** One server-sent event; only those with an id are skipped when a stream is taken up again. */
export type Sent<T> = Readonly<{ id?: string; data: T }>;
/** Server-sent events as they are sent. */
export type EncodedEvents = Readonly<{ encoded: Uint8Array }>;
type Value<E extends Endpoint> = E extends { readonly stream: 'download' }
  ? AsyncIterable<Uint8Array>
  : E extends { readonly stream: 'events'; readonly response: infer R extends z.ZodType }
    ? AsyncIterable<Sent<z.output<R>> | EncodedEvents>
    : E extends { readonly response: infer R extends z.ZodType }
      ? z.output<R>
      : void;

export type Handler<E extends Endpoint> = (request: Request<E>) => Promise<Result<Value<E>, HttpError>>;
/** One handler an endpoint: a missing one does not compile. */
export type HandlersOf<T extends EndpointTree> = {
  readonly [K in keyof T]: T[K] extends Endpoint ? Handler<T[K]> : T[K] extends EndpointTree ? HandlersOf<T[K]> : never;
};
