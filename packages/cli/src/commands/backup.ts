import { createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { command, done } from '../framework/command.ts';
import { refuse } from '../framework/problem.ts';
import { bytes } from '../output/units.ts';

export const backup = command({
  name: 'backup',
  summary: 'Write everything to one file, while the platform runs',
  details: 'The file holds the keys that open every secret: keep it as safe as the machine. It is readable by its owner only,\nwas checked by a trial restore before it is named, and replaces no existing file.',
  arguments: [{ name: 'file', help: 'the file to write' }],
  examples: ['anchor backup anchor-$(date +%F).backup'],
  async run(context, { file }) {
    const path = resolve(context.directory, file);
    if (await stat(path).catch(() => undefined)) return refuse('conflict', `${path} exists already.`, 'Name another file, or move that one away.');
    const client = await context.client();
    if (!client.ok) return client;
    const answer = await client.value.platform.backup({}, { signal: context.signal });
    if (!answer.ok) return answer;
    const partial = `${path}.partial`;
    try {
      await pipeline(answer.value, createWriteStream(partial, { mode: 0o600 }), { signal: context.signal });
      const handle = await open(partial, 'r');
      await handle.sync().finally(() => handle.close());
      await rename(partial, path);
    } catch (error) {
      await rm(partial, { force: true });
      return refuse('failed', 'The backup was not completed.', 'Check the free disk and the log of the server, then run it again.', error instanceof Error ? error.message : String(error));
    }
    const { size } = await stat(path);
    return done({ file: path, bytes: size }, `Wrote ${path}, ${bytes(size)}`);
  },
});
