import type { ProjectId } from '@anchor/core/names/id.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';

type UploadPorts = Pick<Ports, 'idempotency' | 'clock'>;

/** Blobs are stored once for all projects: whoever names a hash must have sent the bytes, or it could be another project's. */
const keyOf = (projectId: ProjectId, hash: string): string => `upload/${projectId}/${hash}`;

/** Notes, for a day, that a project has sent these bytes. */
export async function rememberUpload({ idempotency, clock }: UploadPorts, projectId: ProjectId, hash: string): Promise<void> {
  const key = keyOf(projectId, hash);
  await idempotency.claim(key, hash, clock.now());
  await idempotency.finish(key, hash);
}

/** Whether the project itself has sent these bytes within the last day. */
export async function hasUploaded({ idempotency, clock }: UploadPorts, projectId: ProjectId, hash: string): Promise<boolean> {
  const key = keyOf(projectId, hash);
  const claim = await idempotency.claim(key, hash, clock.now());
  if (claim.state !== 'new') return true;
  await idempotency.release(key);
  return false;
}
