import { command, success } from '../framework/command.ts';
import { commandError } from '../framework/problem.ts';
import { projectFacts } from '../framework/project-facts.ts';
import { PROJECT_OPTIONS, projectSettingsFromOptions } from '../framework/project-options.ts';

const DETECT = {
  root: 'rootDirectory',
  framework: 'framework',
  install: 'installCommand',
  build: 'buildCommand',
  start: 'startCommand',
  output: 'outputDirectory',
  node: 'nodeVersion',
  'git-depth': 'gitDepth',
  path: 'paths',
} as const;
const isDetectable = (name: string): name is keyof typeof DETECT => name in DETECT;

export const projectsUpdate = command({
  name: 'projects update',
  summary: "Change a project's settings",
  details: `Settings that are not named stay. --detect <setting> returns to detection, for ${Object.keys(DETECT).join(', ')}.`,
  arguments: [{ name: 'name', help: "the project's name or id (default: the linked one)", optional: true }],
  options: {
    ...PROJECT_OPTIONS,
    detect: { kind: 'many', value: 'setting', help: 'detect this setting again (repeatable)' },
    pause: { kind: 'flag', help: 'stop new deployments; what is live stays live' },
    resume: { kind: 'flag', help: 'allow deployments again' },
  },
  project: true,
  examples: [
    'anchor projects update --node 24 --memory 1024',
    'anchor projects update shop --detect build',
    'anchor projects update shop --pause',
    'anchor projects update shop --repository git@github.com:acme/shop.git --deploy-key-file deploy-key',
  ],
  async run(context, { name, detect, pause, resume, ...given }) {
    const settings = await projectSettingsFromOptions(context.directory, given);
    if (!settings.ok) return settings;
    const unknown = detect.find((setting) => !isDetectable(setting));
    if (unknown !== undefined)
      return commandError('usage', `"${unknown}" cannot be detected.`, `Use one of ${Object.keys(DETECT).join(', ')}.`);
    if (pause && resume) return commandError('usage', '--pause and --resume exclude each other.', 'Use one of them.');
    const build = {
      ...settings.value.build,
      ...Object.fromEntries(detect.filter(isDetectable).map((setting) => [DETECT[setting], null])),
    };
    const changes = {
      ...settings.value,
      ...(Object.keys(build).length === 0 ? {} : { build }),
      ...(pause ? { status: 'paused' as const } : resume ? { status: 'active' as const } : {}),
    };
    if (Object.keys(changes).length === 0)
      return commandError('usage', 'No setting to change was given.', 'See anchor projects update --help');
    const client = await context.client();
    if (!client.ok) return client;
    const chosen = name === undefined ? await context.project() : { ok: true as const, value: name };
    if (!chosen.ok) return chosen;
    const updated = await client.value.projects.update(
      { project: chosen.value, ...changes },
      { signal: context.signal },
    );
    return updated.ok ? success(updated.value, ...projectFacts(updated.value, context.out)) : updated;
  },
});
