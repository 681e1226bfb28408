import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { command, success } from '../framework/command.ts';
import { commandError } from '../framework/problem.ts';
import { bytes, count } from '../output/units.ts';

export const restore = command({
  name: 'restore',
  summary: 'Replace the whole platform by a backup',
  details:
    'The file is verified before anything is replaced. The platform then restarts with it; the previous state stays in the\ndata directory until the next restore. From then on the tokens of the backup are valid.',
  arguments: [{ name: 'file', help: 'a file written by anchor backup' }],
  options: { yes: { kind: 'flag', help: 'confirm that everything is replaced' } },
  examples: ['anchor restore anchor-2026-11-21.backup --yes'],
  async run(context, { file, yes }) {
    const path = resolve(context.directory, file);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() !== true)
      return commandError('usage', `Cannot read ${path}.`, 'Name a file that anchor backup wrote.');
    const session = await context.session();
    if (!session.ok) return session;
    if (!yes)
      return commandError(
        'usage',
        `This replaces every project, deployment, variable and token at ${session.value.url}.`,
        `If you are sure: anchor restore ${file} --yes`,
      );
    const client = await context.client();
    if (!client.ok) return client;
    context.out.note(`Sending ${bytes(found.size)} …`);
    const content = Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>;
    const report = await client.value.platform.restore({ content }, { signal: context.signal });
    if (!report.ok) return report;
    const { projects, deployments, bytes: size } = report.value;
    return success(
      report.value,
      `Restored ${count(projects, 'project')} with ${count(deployments, 'deployment')}, ${bytes(size)} of files; the platform starts again with them.`,
      'Tokens are those of the backup now.',
    );
  },
});
