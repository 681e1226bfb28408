import type { ProjectId } from '../names/id.ts';

/** How long an upload can be deployed, in milliseconds. */
export const UPLOAD_TTL_MS = 24 * 60 * 60 * 1000;
/** How many uploads of one project are remembered; older ones are forgotten first. */
export const MAX_UPLOADS = 1_000;

/**
 * Records which bytes a project has uploaded. Blobs are shared by all projects, so a hash alone must not open another
 * project's upload. `hash` is the SHA-256 of the bytes in hexadecimal, `now` is in milliseconds since the epoch.
 * (DynamoDB: one item per project and hash, with a time to live.)
 */
export interface UploadStore {
  /**
   * Records the upload, durable when it resolves. Recording it again restarts its time. Keeps at least the
   * `MAX_UPLOADS` newest of the project.
   */
  recordUpload(projectId: ProjectId, hash: string, now: number): Promise<void>;
  /**
   * Returns whether the project recorded this hash within `UPLOAD_TTL_MS` before `now`. Changes nothing; strongly
   * consistent.
   */
  hasUpload(projectId: ProjectId, hash: string, now: number): Promise<boolean>;
  /** Removes uploads recorded before `before`. */
  expire(before: number): Promise<void>;
}
