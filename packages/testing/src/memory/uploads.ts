import { MAX_UPLOADS, UPLOAD_TTL_MS, type UploadStore } from '@anchor/core/ports/uploads.ts';

export function uploadStore(): UploadStore {
  /** By project, then by hash in the order of recording. */
  const projects = new Map<string, Map<string, number>>();
  return {
    recordUpload: async (projectId, hash, now) => {
      const uploads = projects.get(projectId) ?? new Map<string, number>();
      projects.set(projectId, uploads);
      uploads.delete(hash);
      uploads.set(hash, now);
      for (const oldest of uploads.keys()) {
        if (uploads.size <= MAX_UPLOADS) break;
        uploads.delete(oldest);
      }
    },
    hasUpload: async (projectId, hash, now) => (projects.get(projectId)?.get(hash) ?? -Infinity) >= now - UPLOAD_TTL_MS,
    expire: async (before) => {
      for (const uploads of projects.values()) for (const [hash, at] of uploads) if (at < before) uploads.delete(hash);
    },
  };
}
