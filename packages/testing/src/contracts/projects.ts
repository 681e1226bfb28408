import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProjectStore } from '@anchor/core/ports/stores.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import { eventually } from '../eventually.ts';
import { using, type Make } from '../harness.ts';
import { sampleProject } from '../samples.ts';
import { lists } from './paging.ts';
import { storeContract } from './store.ts';

export function projectStoreContract(name: string, make: Make<ProjectStore>): void {
  storeContract<Project, ProjectStore>(name, make, {
    sample: sampleProject,
    change: (project) => ({ ...project, status: 'paused', updatedAt: project.updatedAt + 1 }),
    withSameKey: (project) => sampleProject({ name: project.name }),
  });

  test(
    `${name}: a project is found by its name`,
    using(make, async ({ subject }) => {
      const project = sampleProject();
      assert.equal(await subject.byName(project.name), undefined);
      await subject.insert(project);
      await eventually(async () => assert.deepEqual(await subject.byName(project.name), project));
    }),
  );

  test(
    `${name}: projects are listed page by page, newest first`,
    using(make, async ({ subject }) => {
      const projects = Array.from({ length: 7 }, () => sampleProject());
      for (const project of projects) await subject.insert(project);
      await subject.replace({ ...projects[2]!, status: 'paused', version: 2 });
      await lists((page) => subject.list(page), projects.toReversed());
    }),
  );
}
