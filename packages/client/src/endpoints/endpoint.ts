import type { z } from 'zod';
import type { ProblemCode } from '../schemas/problem.ts';

/**
 * The smallest token scope that may call it, and by it the smallest role: `read` a viewer, `deploy` a developer, `admin`
 * an admin, and where the resource is the platform its owner. `none` needs neither.
 */
export type Scope = 'none' | 'read' | 'deploy' | 'admin';

/**
 * The resource that the endpoint's path names, which decides which callers may reach it. What a caller may not see is
 * 404 for it. `shared`: any caller, the response has only what it may see. `team`: the one of the path or of `?team=`;
 * without it the default team. `platform`: its owners, and tokens that are bound to nothing; with `?team=`, where the
 * query has it, that team.
 */
export type ResourceScope = 'project' | 'deployment' | 'delivery' | 'team' | 'shared' | 'platform';

/** One operation of the API: the server's validation, the typed client and OpenAPI all derive from it. */
export type Endpoint = Readonly<{
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With `{name}` for each key of `params`. */
  path: `/api/${string}`;
  summary: string;
  scope: Scope;
  resource: ResourceScope;
  params?: z.ZodObject;
  query?: z.ZodObject;
  /** A JSON body. `upload` endpoints take bytes instead. */
  body?: z.ZodType;
  /** The JSON response; of `events`, one event; absent with 204 and `download`. */
  response?: z.ZodType;
  status: 200 | 201 | 202 | 204;
  /**
   * Codes beyond those that every endpoint may return (`invalid_input`, `unauthenticated`, `forbidden`, `rate_limited`,
   * `internal`).
   */
  errors: readonly ProblemCode[];
  /** `events`: server-sent events; `upload`: the body is bytes of `mediaType`; `download`: the response is. */
  stream?: 'events' | 'upload' | 'download';
  mediaType?: string;
  /** Takes If-Match with the version that the change is meant for. */
  conditional?: boolean;
  /** The response shows a secret once, so it is not stored for a repeated Idempotency-Key. */
  secretResponse?: boolean;
}>;

export const endpoint = <const E extends Endpoint>(definition: E): E => definition;

/** The endpoints as a tree of nouns and verbs. */
export type EndpointTree = Readonly<{ [name: string]: Endpoint | EndpointTree }>;
export const isEndpoint = (node: Endpoint | EndpointTree): node is Endpoint =>
  typeof (node as { method?: unknown }).method === 'string';

/** Returns every endpoint of a tree with its dotted name, such as `deployments.logs.follow`. */
export function flatten(tree: EndpointTree, prefix = ''): readonly (readonly [name: string, endpoint: Endpoint])[] {
  return Object.entries(tree).flatMap(([key, node]) =>
    isEndpoint(node) ? [[prefix + key, node] as const] : flatten(node, `${prefix}${key}.`),
  );
}
