import type { HostName } from '../names/name.ts';
import type { Result } from '../result/result.ts';

/**
 * Sends a real request through the edge, as a client would, and waits for switches to reach it. (CloudFront: an HTTPS
 * request with the host's name. Its edges cannot be queried one by one: there `waitUntilServing` means that the
 * KeyValueStore has accepted the write and a request shows it. Other edges follow within seconds, so callers must
 * tolerate an old response.) Every failure is `verification_failed`, never thrown.
 */
export interface EdgeProbe {
  /**
   * Returns the response's status and the first 4 KiB of its body; an error when nothing responds within the time.
   * Redirects are not followed, except the edge's own from HTTP to HTTPS of the same address.
   */
  request(host: HostName, path: string, timeoutMs: number): Promise<Result<Readonly<{ status: number; body: string }>>>;
  /** Resolves when every edge worker serves this deployment for the host, or fails after the time. */
  waitUntilServing(host: HostName, deploymentId: string, timeoutMs: number): Promise<Result<void>>;
}
