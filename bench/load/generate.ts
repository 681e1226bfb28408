import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LoadResult, LoadSpec } from './spec.ts';

const GENERATOR = fileURLToPath(new URL('./generator.ts', import.meta.url));

/** Runs the load generator as a process of its own and returns what it saw. `onReady`: an open loop starts now. */
export function generate(spec: LoadSpec, timeoutSeconds = 180, onReady?: () => void): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [GENERATOR, JSON.stringify(spec)],
      { maxBuffer: 256 << 20, timeout: timeoutSeconds * 1_000, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        if (error !== null) return reject(new Error(`the load generator failed: ${stderr || error.message}`));
        resolve(JSON.parse(stdout) as LoadResult);
      },
    );
    if (onReady !== undefined) child.stderr?.once('data', onReady);
  });
}

export const failed = ({ failures }: LoadResult): number =>
  Object.values(failures).reduce((sum, count) => sum + count, 0);
