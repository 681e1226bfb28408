import { command, success } from '../framework/command.ts';
import { hookFacts } from '../framework/project-facts.ts';

export const projectsHooks = command({
  name: 'projects rotate-hooks',
  summary: 'Make a new webhook secret and deploy hook; the old ones stop working',
  arguments: [{ name: 'name', help: "the project's name or id (default: the linked one)", optional: true }],
  project: true,
  examples: ['anchor projects rotate-hooks shop'],
  async run(context, { name }) {
    const client = await context.client();
    if (!client.ok) return client;
    const chosen = name === undefined ? await context.project() : { ok: true as const, value: name };
    if (!chosen.ok) return chosen;
    const hooks = await client.value.projects.rotateHooks({ project: chosen.value }, { signal: context.signal });
    return hooks.ok ? success(hooks.value, ...hookFacts(hooks.value)) : hooks;
  },
});
