import { z } from 'zod';

/** One request of Git LFS: the batch, or one object up or down. */
export type LfsCall = Readonly<{ project: string }> &
  (Readonly<{ kind: 'batch' }> | Readonly<{ kind: 'upload' | 'download'; oid: string }>);

const PREFIX = /^\/git\/([a-z0-9_-]{1,64})(?:\.git)?\/info\/lfs\/(.*)$/;

const pathOf = (url: string): string => url.split('?', 1)[0] ?? '';
export const isLfsPath = (url: string): boolean => PREFIX.test(pathOf(url));

/** Returns undefined for what the platform does not offer, such as locks. */
export function parseLfsCall(method: string | undefined, url: string): LfsCall | undefined {
  const [, project, rest] = PREFIX.exec(pathOf(url)) ?? [];
  if (project === undefined || rest === undefined) return undefined;
  if (rest === 'objects/batch') return method === 'POST' ? { project, kind: 'batch' } : undefined;
  const oid = /^objects\/([0-9a-f]{64})$/.exec(rest)?.[1];
  if (oid === undefined || (method !== 'PUT' && method !== 'GET')) return undefined;
  return { project, oid, kind: method === 'PUT' ? 'upload' : 'download' };
}

/** The body of a batch request of git-lfs (git-lfs/docs/api/batch.md). */
export const batchSchema = z.object({
  operation: z.enum(['upload', 'download']),
  transfers: z.array(z.string().max(64)).max(16).optional(),
  objects: z.array(z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.int().min(0) })).max(1_000),
  hash_algo: z.literal('sha256').optional(),
});
export type LfsBatch = z.infer<typeof batchSchema>;
