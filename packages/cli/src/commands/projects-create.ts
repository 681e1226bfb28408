import { command, success } from '../framework/command.ts';
import { hookFacts, projectFacts } from '../framework/project-facts.ts';
import { commandError } from '../framework/problem.ts';
import { TEAM_OPTION } from '../framework/roles.ts';
import { PROJECT_OPTIONS, projectSettingsFromOptions } from '../framework/project-options.ts';

export const projectsCreate = command({
  name: 'projects create',
  summary: 'Create a project',
  details: 'Settings that are not given are detected. anchor init does the same for the current folder.',
  arguments: [{ name: 'name', help: 'the project\'s name: a–z, 0–9 and "-"' }],
  options: { ...PROJECT_OPTIONS, team: TEAM_OPTION },
  examples: [
    'anchor projects create shop',
    'anchor projects create site --repository https://github.com/acme/site --branch trunk',
    "anchor projects create web --root apps/web --rule 'release/*=staging' --path 'apps/web/**'",
  ],
  async run(context, { name, team, ...given }) {
    const settings = await projectSettingsFromOptions(context.directory, given);
    if (!settings.ok) return settings;
    const { source, ...rest } = settings.value;
    if (source !== undefined && source.url === undefined)
      return commandError(
        'usage',
        '--provider and --deploy-key-file need an external repository.',
        'Name it with --repository <url>.',
      );
    const client = await context.client();
    if (!client.ok) return client;
    const created = await client.value.projects.create(
      {
        name,
        team,
        ...rest,
        ...(source?.url === undefined
          ? {}
          : {
              source: {
                kind: 'git',
                url: source.url,
                ...(source.provider === undefined ? {} : { provider: source.provider }),
                ...(typeof source.deployKey === 'string' ? { deployKey: source.deployKey } : {}),
              },
            }),
      },
      { signal: context.signal },
    );
    return created.ok
      ? success(
          created.value,
          ...projectFacts(created.value.project, context.out),
          '',
          ...hookFacts(created.value.hooks),
        )
      : created;
  },
});
