import { basename } from 'node:path';
import { productionOf } from '../folder/git.ts';
import { command, success } from '../framework/command.ts';
import { connectFolder } from '../framework/connect-folder.ts';
import { nameFrom } from '../framework/project-name.ts';
import { commandError } from '../framework/problem.ts';

export const init = command({
  name: 'init',
  summary: 'Create a project for this folder and link it',
  details:
    'Creates the project, links the folder (.anchor/project.json, ignored by git) and, in a git repository,\nadds the remote "anchor", so that "git push anchor main" deploys.',
  arguments: [{ name: 'name', help: "the project's name (default: the folder's)", optional: true }],
  options: {
    repository: {
      kind: 'text',
      value: 'url',
      help: 'build from this git repository instead of pushes to the platform',
    },
    branch: {
      kind: 'text',
      value: 'branch',
      help: "the production branch (default: that of the remote origin, else the folder's, else main)",
    },
    root: { kind: 'text', value: 'folder', help: 'the folder of a monorepo to build' },
  },
  examples: [
    'anchor init',
    'anchor init shop --branch trunk',
    'anchor init site --repository https://github.com/acme/site',
  ],
  async run(context, { name, repository, branch, root }) {
    const client = await context.client();
    if (!client.ok) return client;
    const chosen = name ?? nameFrom(basename(context.directory));
    if (chosen === undefined)
      return commandError(
        'usage',
        "This folder's name is not a valid project name.",
        'Give one: anchor init <name>, of a–z, 0–9 and "-".',
      );
    const production = branch ?? (repository === undefined ? await productionOf(context.directory) : undefined);
    const created = await client.value.projects.create(
      {
        name: chosen,
        ...(repository === undefined ? {} : { source: { kind: 'git', url: repository } }),
        ...(production === undefined ? {} : { productionBranch: production }),
        ...(root === undefined ? {} : { build: { rootDirectory: root } }),
      },
      { signal: context.signal },
    );
    if (!created.ok) {
      if (created.problem.code !== 'already_exists') return created;
      return {
        ok: false,
        problem: {
          ...created.problem,
          fix: `Link this folder to it: anchor link ${chosen}    (or choose another name: anchor init <name>)`,
        },
      };
    }
    const { project, hooks } = created.value;
    const connected = await connectFolder(context, project);
    if (!connected.ok) return connected;
    const next =
      repository === undefined
        ? connected.value.remote
          ? `Next: git push anchor ${project.productionBranch}`
          : 'Next: anchor deploy'
        : `Next: add the webhook ${project.webhooks.github} with the secret ${hooks.webhookSecret}`;
    const note =
      branch === undefined && project.productionBranch !== 'main'
        ? [`Production is the branch ${project.productionBranch}; another: anchor projects update --branch <branch>`]
        : [];
    return success(
      { project, hooks, remote: connected.value.remote },
      `Created ${project.name}; its address will be ${project.url}`,
      ...connected.value.notes,
      ...note,
      next,
    );
  },
});
