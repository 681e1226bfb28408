import type { ProjectStore } from '@anchor/core/ports/stores.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import type { Database } from '../database.ts';
import { documents } from '../documents.ts';

export function projectStore(db: Database): ProjectStore {
  const table = documents<Project>(db, {
    table: 'projects',
    columns: { created_at: (project) => project.createdAt, name: (project) => project.name },
  });
  return {
    get: table.get,
    insert: table.insert,
    replace: table.replace,
    remove: table.remove,
    byName: async (name) => table.find({ name }),
    list: async (page) => table.page({}, page),
  };
}
