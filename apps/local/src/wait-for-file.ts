import { existsSync, mkdirSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Resolves when a file exists; processes start together and one of them makes it. */
export async function waitForFile(file: string, timeoutMs = 60_000): Promise<void> {
  const directory = dirname(file);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  await new Promise<void>((resolve, reject) => {
    const watcher = watch(directory, (_, name) => {
      if (name === basename(file)) done();
    });
    const timer = setTimeout(() => done(new Error(`${file} did not appear within ${timeoutMs / 1000} s`)), timeoutMs);
    const done = (error?: Error): void => {
      if (error === undefined && !existsSync(file)) return;
      clearTimeout(timer);
      watcher.close();
      if (error === undefined) resolve();
      else reject(error);
    };
    done();
  });
}
