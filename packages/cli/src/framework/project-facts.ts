import type { HookSecrets, Project } from '@anchor/client/schemas/project.ts';
import type { Output } from '../output/output.ts';
import { keyValueTable } from '../output/table.ts';

/** Returns a project as lines for a user. */
export const projectFacts = (project: Project, { safe }: Output): readonly string[] =>
  keyValueTable([
    ['project', project.name],
    ['id', project.id],
    ['address', project.url],
    ['status', project.status],
    ['source', project.source.kind === 'git' ? safe(project.source.url) : `pushes to ${project.gitUrl}`],
    ['production', safe(project.productionBranch)],
    [
      'branch rules',
      project.branchRules.map((rule) => `${safe(rule.pattern)} → ${rule.environment}`).join(', ') || undefined,
    ],
    [
      'build',
      Object.entries(project.build)
        .map(([key, value]) => `${key} ${safe(String(value))}`)
        .join(', ') || 'detected',
    ],
    [
      'check',
      `GET ${safe(project.health.path)} within ${project.health.timeoutSeconds} s → ${project.health.status?.join(', ') ?? '200 to 399'}`,
    ],
    [
      'functions',
      `${project.functions.memoryMb} MiB, at most ${project.functions.maxInstances}, ${(project.functions.minInstances ?? 0) === 0 ? '' : `at least ${project.functions.minInstances} of production, `}stop after ${project.functions.idleSeconds} s idle, ${project.functions.timeoutSeconds} s to start a response`,
    ],
    ['webhooks', `${project.webhooks.github}  (GitHub)`],
    ['', `${project.webhooks.gitlab}  (GitLab)`],
    ['', `${project.webhooks.gitea}  (Gitea, Forgejo)`],
  ]);

/** Returns the secrets of a project's hooks as lines: shown once. */
export const hookFacts = (hooks: HookSecrets): readonly string[] => [
  ...keyValueTable([
    ['webhook secret', hooks.webhookSecret],
    ['deploy hook', hooks.deployHookUrl],
  ]),
  'These two are shown only now.',
];
