/** How the server listens and what it accepts. Sizes in bytes, times in milliseconds. */
export type ServerSettings = Readonly<{
  /** Where users and git hosts reach the API, without a slash at the end: http://127.0.0.1:7400. */
  publicUrl: string;
  version: string;
  /** 8 hex digits that tell this platform from others on the same host, in the name of its cookie. */
  platformId: string;
  /** Host names under which the API may be reached, besides localhost and addresses. */
  hosts: readonly string[];
  /**
   * Whether `git push` exits with an error when the deployment that it waited for failed, or only when the push itself
   * did.
   */
  pushExit: 'deployment' | 'push';
  limits: Limits;
}>;

export type Limits = Readonly<{
  jsonBytes: number;
  webhookBytes: number;
  /** Memory limit of all webhook bodies together, because they arrive without a token. */
  webhookMemoryBytes: number;
  uploadBytes: number;
  /** One push, after decompression of the request. */
  pushBytes: number;
  /** How long the log of a build is streamed to the client of a push; the build continues after it. */
  pushLogMs: number;
  /** Between two signs of life on a quiet event stream. */
  heartbeatMs: number;
  /** Rejected deliveries kept for each project. */
  rejectedDeliveries: number;
  /** Event streams that one token may have open at once. */
  streamsPerToken: number;
  /** Event streams about one project that may be open at once, whatever the tokens. */
  streamsPerProject: number;
  /** Upload limit of one token within an hour, in total. */
  uploadBytesPerHour: number;
  /** How many wrong tokens one address may send within a minute before it gets 429. */
  refusedPerMinute: number;
  /** How often one address may try to sign in within a minute. */
  signInsPerMinute: number;
  /** Wrong passwords of one account, after which it is locked for `lockedMs`. */
  wrongPasswords: number;
  lockedMs: number;
}>;

export const DEFAULT_LIMITS: Limits = {
  jsonBytes: 1024 * 1024,
  webhookBytes: 25 * 1024 * 1024,
  webhookMemoryBytes: 256 * 1024 * 1024,
  uploadBytes: 1024 * 1024 * 1024,
  pushBytes: 2 * 1024 * 1024 * 1024,
  pushLogMs: 35 * 60_000,
  heartbeatMs: 15_000,
  rejectedDeliveries: 100,
  streamsPerToken: 100,
  streamsPerProject: 200,
  uploadBytesPerHour: 20 * 1024 * 1024 * 1024,
  refusedPerMinute: 60,
  signInsPerMinute: 20,
  wrongPasswords: 10,
  lockedMs: 15 * 60_000,
};
