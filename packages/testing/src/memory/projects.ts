import type { ProjectStore } from '@anchor/core/ports/stores.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import { collection } from './collection.ts';

export function projectStore(): ProjectStore {
  const items = collection<Project>((project) => project.name);
  return {
    ...items,
    byName: async (name) => items.where((project) => project.name === name)[0],
    list: async (page) =>
      items.page(
        () => true,
        (project) => project.createdAt,
        page,
      ),
  };
}
