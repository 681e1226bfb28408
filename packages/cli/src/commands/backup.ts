import { createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { command, success } from '../framework/command.ts';
import { commandError } from '../framework/problem.ts';
import { bytes, count } from '../output/units.ts';

export const backup = command({
  name: 'backup',
  summary: 'Write a backup of the whole platform to one file, while it runs',
  details:
    'The file contains the keys of every secret: protect it like the machine. It is readable by its owner only, is verified\nby a trial restore, and replaces no existing file.',
  arguments: [{ name: 'file', help: 'the file to write' }],
  examples: ['anchor backup anchor-$(date +%F).backup'],
  async run(context, { file }) {
    const path = resolve(context.directory, file);
    if (await stat(path).catch(() => undefined))
      return commandError('conflict', `${path} exists already.`, 'Name another file, or move the existing one.');
    const client = await context.client();
    if (!client.ok) return client;
    const response = await client.value.platform.backup({}, { signal: context.signal });
    if (!response.ok) return response;
    const partial = `${path}.partial`;
    try {
      await pipeline(response.value, createWriteStream(partial, { mode: 0o600 }), { signal: context.signal });
      const handle = await open(partial, 'r');
      await handle.sync().finally(() => handle.close());
      await rename(partial, path);
    } catch (error) {
      await rm(partial, { force: true });
      return commandError(
        'failed',
        'The backup was not completed.',
        'Check the free disk and the log of the server, then run it again.',
        error instanceof Error ? error.message : String(error),
      );
    }
    const { size } = await stat(path);
    const records = await client.value.deadLetters.records.list({ limit: 100 }, { signal: context.signal });
    const broken = records.ok ? records.value.items.filter(({ kind }) => kind === 'blob').length : 0;
    const warning =
      broken === 0
        ? []
        : [
            `${count(broken, 'stored file')} of this platform ${broken === 1 ? 'is' : 'are'} missing or damaged, in the backup too: anchor doctor`,
          ];
    return success({ file: path, bytes: size, broken }, `Wrote ${path}, ${bytes(size)}`, ...warning);
  },
});
