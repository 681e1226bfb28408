import type { Ports } from '../ports/ports.ts';

export type RetentionSettings = Readonly<{
  artifactDays: number;
  recordDays: number;
  /** How many earlier deployments of each alias stay ready for a rollback. */
  rollbackTargets: number;
  /** Blobs younger than this are never removed: a build may be about to name them. */
  graceMs: number;
}>;

export const DEFAULT_RETENTION: RetentionSettings = {
  artifactDays: 90,
  recordDays: 365,
  rollbackTargets: 10,
  graceMs: 3_600_000,
};

export type GcPorts = Pick<
  Ports,
  | 'projects'
  | 'deployments'
  | 'deliveries'
  | 'aliases'
  | 'blobs'
  | 'functions'
  | 'logs'
  | 'idempotency'
  | 'uploads'
  | 'queue'
  | 'failedRecords'
  | 'facts'
  | 'audit'
  | 'invitations'
  | 'sessions'
  | 'clock'
>;

export const DAY_MS = 86_400_000;
