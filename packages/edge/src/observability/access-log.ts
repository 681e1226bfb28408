import type { CacheResult } from '@anchor/core/metrics/request-counts.ts';

/** How a response was produced, as reported in `x-anchor-cache` and in the access log. */
export type { CacheResult };

/** Writes the line of a repeated response; the constant parts are compiled once. */
export type AccessLogTemplate = (at: number, requestId: string, ms: number, ip: string) => void;

/** Where a worker writes its access log. Must be quick and must not throw. */
export type AccessLogSink = Readonly<{
  /** Receives each request once, when its response has ended. */
  accessLog?(entry: AccessEntry): void;
  /** Returns a faster writer for repeated responses; `entry` is one of them. */
  compileAccessLine?(entry: AccessEntry): AccessLogTemplate;
}>;

/**
 * A line of the access log. `path` excludes the query, which may hold secrets; `ms` counts from the request's head to
 * the end of the response.
 */
export type AccessEntry = Readonly<{
  at: number;
  requestId: string;
  host: string;
  deploymentId: string | undefined;
  method: string;
  path: string;
  status: number;
  bytes: number;
  ms: number;
  cache: CacheResult;
  userAgent: string;
  ip: string;
}>;
