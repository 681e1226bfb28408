import { MAX_UPLOADS, UPLOAD_TTL_MS, type UploadStore } from '@anchor/core/ports/uploads.ts';
import type { Database } from '../database.ts';

const FORGET_OLDEST = `DELETE FROM uploads WHERE project_id = ?
  AND seq <= (SELECT seq FROM uploads WHERE project_id = ? ORDER BY seq DESC LIMIT 1 OFFSET ${MAX_UPLOADS})`;

export function uploadStore(db: Database): UploadStore {
  return {
    recordUpload: (projectId, hash, now) =>
      db.write(() => {
        db.run('INSERT OR REPLACE INTO uploads (project_id, hash, recorded_at) VALUES (?, ?, ?)', projectId, hash, now);
        db.run(FORGET_OLDEST, projectId, projectId);
      }),
    hasUpload: async (projectId, hash, now) =>
      db.get(
        'SELECT 1 FROM uploads WHERE project_id = ? AND hash = ? AND recorded_at >= ?',
        projectId,
        hash,
        now - UPLOAD_TTL_MS,
      ) !== undefined,
    expire: (before) => db.write(() => void db.run('DELETE FROM uploads WHERE recorded_at < ?', before)),
  };
}
