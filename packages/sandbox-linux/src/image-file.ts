import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { run, TOOL_ENV } from './command.ts';

/** What debugfs(8) takes as one word. */
const PLAIN_PATH = /^[\w./-]+$/;

/**
 * Reads a plain file of an ext4 image that is not mounted, without a loop device. Returns undefined when there is no
 * such file, or when it has more than `maxBytes`.
 */
export async function readImageFile(image: string, path: string, maxBytes: number): Promise<Buffer | undefined> {
  if (!PLAIN_PATH.test(path) || !existsSync(image)) return undefined;
  const { stdout } = await run(['debugfs', '-R', `stat ${path}`, image]);
  const size = Number(/\bSize: (\d+)/.exec(stdout)?.[1] ?? Number.NaN);
  if (!/\bType: regular\b/.test(stdout) || !(size <= maxBytes)) return undefined;
  const child = spawn('debugfs', ['-R', `cat ${path}`, image], {
    env: TOOL_ENV,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(child, 'close');
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  await ended;
  return Buffer.concat(chunks).subarray(0, maxBytes);
}
