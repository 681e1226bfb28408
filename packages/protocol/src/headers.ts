/**
 * Names of the headers that the edge and the runtime inside a function exchange. The edge removes every header with the
 * prefix from a client's request and from a function's response, and adds its own to what the client receives.
 */
export const INTERNAL_HEADER_PREFIX = 'x-anchor-';

/** Request: the edge wants a fresh version of a page and waits for it. The value is one of `REFRESH`. */
export const REFRESH_HEADER = 'x-anchor-refresh';

/**
 * Values of `REFRESH_HEADER`: the whole page, or only the shell of a partially prerendered page and its postponed
 * state.
 */
export const REFRESH = { page: '1', shell: 'shell' } as const;

/** Response without a body: the edge serves the deployment's file of this percent-encoded path. */
export const SERVE_FILE_HEADER = 'x-anchor-serve';

/** Response: what the edge must know to cache it, see cache-metadata.ts. */
export const CACHE_METADATA_HEADER = 'x-anchor-entry';

/** Response to the client: how the edge came by it. */
export const CACHE_STATUS_HEADER = 'x-anchor-cache';

/** Response to the client: id of the deployment that it comes from. */
export const DEPLOYMENT_HEADER = 'x-anchor-deployment';

/** Returns true for a header that only the platform may set. `name` in any letter case. */
export const isInternalHeader = (name: string): boolean =>
  name.length > INTERNAL_HEADER_PREFIX.length &&
  name.slice(0, INTERNAL_HEADER_PREFIX.length).toLowerCase() === INTERNAL_HEADER_PREFIX;
