import { command, done } from '../framework/command.ts';
import { hookFacts, projectFacts } from '../framework/project-facts.ts';
import { PROJECT_OPTIONS, settingsOf } from '../framework/project-options.ts';

export const projectsCreate = command({
  name: 'projects create',
  summary: 'Create a project',
  details: 'Everything that is not given is detected. anchor init does the same for the folder you are in.',
  arguments: [{ name: 'name', help: "the project's name: a–z, 0–9 and \"-\"" }],
  options: PROJECT_OPTIONS,
  examples: ['anchor projects create shop', 'anchor projects create site --repository https://github.com/acme/site --branch trunk', "anchor projects create web --root apps/web --rule 'release/*=staging' --path 'apps/web/**'"],
  async run(context, { name, ...given }) {
    const settings = settingsOf(given);
    if (!settings.ok) return settings;
    const client = await context.client();
    if (!client.ok) return client;
    const created = await client.value.projects.create({ name, ...settings.value }, { signal: context.signal });
    return created.ok ? done(created.value, ...projectFacts(created.value.project, context.out), '', ...hookFacts(created.value.hooks)) : created;
  },
});
