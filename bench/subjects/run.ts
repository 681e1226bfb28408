import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs a command to its end; rejects with the end of its output when it fails. Returns seconds. */
export async function runCommand(
  argv: readonly string[],
  options: Readonly<{ cwd: string; env: Readonly<Record<string, string>> }>,
): Promise<number> {
  const [command = '', ...args] = argv;
  const begin = performance.now();
  const child = spawn(command, args, { cwd: options.cwd, env: options.env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-8_000)));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}:\n${output}`);
  return (performance.now() - begin) / 1_000;
}
