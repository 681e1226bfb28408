import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Client } from '@anchor/client/http/client.ts';
import type { ApiResult } from '@anchor/client/http/result.ts';
import type { DeploymentInput } from '@anchor/client/schemas/deployment.ts';
import { archive, filesOf, sizeOf } from '../folder/archive.ts';
import { commitNamed, headOf, isWorkTree } from '../folder/git.ts';
import { command, success } from '../framework/command.ts';
import type { Context } from '../framework/context.ts';
import { findDeployment } from '../framework/find-deployment.ts';
import { commandError } from '../framework/problem.ts';
import { ended, watchDeployment } from '../framework/watch-deployment.ts';
import { bytes, count } from '../output/units.ts';

export const deploy = command({
  name: 'deploy',
  summary: 'Deploy this folder, with or without git',
  details:
    "Uploads the folder without the files that .gitignore and .anchorignore exclude (and never .git, node_modules,\n.next or .env.local), builds it and shows the build. With --branch or --commit the project's repository\nis deployed instead; with --again an earlier deployment is built once more.",
  arguments: [{ name: 'folder', help: 'the folder to upload (default: this one)', optional: true }],
  options: {
    environment: {
      kind: 'text',
      short: 'e',
      value: 'name',
      help: 'production (default for a folder), preview or a stage',
    },
    branch: {
      kind: 'text',
      value: 'branch',
      help: "deploy the newest commit of this branch of the project's repository",
    },
    commit: {
      kind: 'text',
      value: 'sha',
      help: "deploy this commit of the project's repository: its id or the start of it",
    },
    again: { kind: 'text', value: 'deployment', help: 'build an earlier deployment again' },
    force: { kind: 'flag', help: 'build again although the commit was deployed before' },
    detach: { kind: 'flag', help: 'do not wait for the build' },
  },
  project: true,
  examples: [
    'anchor deploy',
    'anchor deploy ./site -e preview',
    'anchor deploy --branch main --force',
    'anchor deploy --json | jq -r .url',
  ],
  async run(context, options) {
    const client = await context.client();
    if (!client.ok) return client;
    const project = await context.project();
    if (!project.ok) return project;
    const input = await what(context, client.value, project.value, options);
    if (!input.ok) return input;
    const created = await client.value.deployments.create(
      { project: project.value, ...input.value },
      { signal: context.signal },
    );
    if (!created.ok) return created;
    if (options.detach || created.value.status === 'held')
      return success(
        created.value,
        `${created.value.id} is ${created.value.status}`,
        `See its result: anchor inspect ${created.value.id}`,
      );
    const watched = await watchDeployment(context, client.value, created.value);
    return watched.ok ? ended(context, watched.value) : watched;
  },
});

type Wanted = Readonly<{
  folder: string | undefined;
  environment: string | undefined;
  branch: string | undefined;
  commit: string | undefined;
  again: string | undefined;
  force: boolean;
}>;

async function what(
  context: Context,
  client: Client,
  project: string,
  { folder, environment, branch, commit, again, force }: Wanted,
): Promise<ApiResult<DeploymentInput>> {
  if (again !== undefined) {
    const found = await findDeployment(context, client, again);
    return found.ok ? { ok: true, value: { kind: 'redeploy', deployment: found.value.id, environment } } : found;
  }
  if (branch !== undefined || commit !== undefined) {
    // The folder knows short ids and names; the platform those of its own repository.
    const full =
      commit === undefined || /^[0-9a-f]{40,64}$/.test(commit)
        ? commit
        : ((await commitNamed(context.directory, commit)) ?? commit);
    if (full !== undefined && !/^[0-9a-fA-F]{4,64}$/.test(full))
      return commandError(
        'usage',
        `"${full.slice(0, 80)}" is not a commit.`,
        'Give a commit id or its first digits, as git log --oneline shows them.',
      );
    return { ok: true, value: { kind: 'git', branch, commit: full, environment, ...(force ? { force } : {}) } };
  }
  return send(context, client, project, resolve(context.directory, folder ?? '.'), environment);
}

async function send(
  context: Context,
  client: Client,
  project: string,
  directory: string,
  environment: string | undefined,
): Promise<ApiResult<DeploymentInput>> {
  if ((await stat(directory).catch(() => undefined))?.isDirectory() !== true)
    return commandError('usage', `${directory} is not a folder.`, 'Name the folder that holds package.json.');
  const files = await filesOf(directory);
  if (files.length === 0)
    return commandError(
      'usage',
      `${directory} has no files to deploy.`,
      'Check .gitignore and .anchorignore, or name another folder.',
    );
  context.out.note(`Sending ${count(files.length, 'file')}, ${bytes(await sizeOf(directory, files))} before packing …`);
  const upload = await client.deployments.upload(
    { project, content: archive(directory, files) },
    { signal: context.signal },
  );
  if (!upload.ok) return upload;
  const head = (await isWorkTree(directory)) ? await headOf(directory) : {};
  return { ok: true, value: { kind: 'upload', blob: upload.value.blob, environment, ...head } };
}
