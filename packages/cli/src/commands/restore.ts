import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { command, done } from '../framework/command.ts';
import { refuse } from '../framework/problem.ts';
import { bytes, count } from '../output/units.ts';

export const restore = command({
  name: 'restore',
  summary: 'Put a backup in the place of everything on the platform',
  details: 'The file is checked whole before anything is replaced; the platform then starts again with it, and what was\nthere is kept beside it in the data directory until the next restore. Tokens are those of the backup from then on.',
  arguments: [{ name: 'file', help: 'what anchor backup wrote' }],
  options: { yes: { kind: 'flag', help: 'yes, replace everything that is there' } },
  examples: ['anchor restore anchor-2026-11-21.backup --yes'],
  async run(context, { file, yes }) {
    const path = resolve(context.directory, file);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() !== true) return refuse('usage', `${path} can not be read.`, 'Name a file that anchor backup wrote.');
    const session = await context.session();
    if (!session.ok) return session;
    if (!yes) return refuse('usage', `This replaces every project, deployment, variable and token at ${session.value.url}.`, `If you are sure: anchor restore ${file} --yes`);
    const client = await context.client();
    if (!client.ok) return client;
    context.out.note(`Sending ${bytes(found.size)} …`);
    const content = Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>;
    const report = await client.value.platform.restore({ content }, { signal: context.signal });
    if (!report.ok) return report;
    const { projects, deployments, bytes: size } = report.value;
    return done(report.value, `Restored ${count(projects, 'project')} with ${count(deployments, 'deployment')}, ${bytes(size)} of files; the platform starts again with them.`, 'Tokens are those of the backup now.');
  },
});
