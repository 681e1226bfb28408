/** How the server listens and what it accepts. Sizes in bytes, times in milliseconds. */
export type ServerSettings = Readonly<{
  /** Where people and git hosts reach it, without a slash at the end: http://127.0.0.1:7400. */
  publicUrl: string;
  version: string;
  limits: Limits;
}>;

export type Limits = Readonly<{
  jsonBytes: number;
  webhookBytes: number;
  /** What bodies of webhooks may hold in memory together: anybody can send them. */
  webhookMemoryBytes: number;
  uploadBytes: number;
  /** One push, after decompression of the request. */
  pushBytes: number;
  /** How long the log of a build is streamed to whoever pushed; the build goes on after it. */
  pushLogMs: number;
  /** Between two signs of life on a quiet event stream. */
  heartbeatMs: number;
  /** Rejected deliveries kept for each project. */
  rejectedDeliveries: number;
  /** Event streams that one token may have open at once. */
  streamsPerToken: number;
  /** What one token may upload within an hour, in all. */
  uploadBytesPerHour: number;
  /** Wrong tokens of which one address is told so within a minute. */
  refusedPerMinute: number;
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
  uploadBytesPerHour: 20 * 1024 * 1024 * 1024,
  refusedPerMinute: 60,
};
