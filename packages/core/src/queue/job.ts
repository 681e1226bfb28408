import type { JobId } from '../names/id.ts';

/** Lanes are tried in this order: production before previews. */
export const LANES = ['production', 'preview'] as const;
export type Lane = (typeof LANES)[number];

export type JobKind = 'deploy';
export type Job = Readonly<{
  id: JobId;
  lane: Lane;
  /** Jobs of one group run one after another, in order of arrival: the project's id. */
  group: string;
  kind: JobKind;
  /** At most 8 KiB of JSON; ids, not content. */
  payload: Readonly<Record<string, string>>;
  /** Two jobs with the same key within the queue are one. */
  dedupeKey: string;
  attempts: number;
  notBefore: number;
  createdAt: number;
}>;

/** A job given to one worker until `leaseUntil`; `receipt` is needed to end or extend it. */
export type LeasedJob = Job & Readonly<{ receipt: string; leaseUntil: number }>;
export type DeadJob = Job & Readonly<{ reason: string; diedAt: number }>;
