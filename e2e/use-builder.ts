/** A real builder for a file of tests, and builds of files that a test names. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before } from 'node:test';
import type { BuildRequest } from '@anchor/core/ports/build-runner.ts';
import { openHome, type Home } from './builder.ts';

/** Texts by path. */
export type Files = Readonly<Record<string, string>>;

/** Returns what makes a folder hold these files and nothing else but git's own. */
export const writeFiles =
  (files: Files) =>
  (directory: string): void => {
    for (const name of readdirSync(directory))
      if (name !== '.git') rmSync(join(directory, name), { recursive: true, force: true });
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
  };

export const packageJson = (scripts: Record<string, string>, rest: object = {}): string =>
  JSON.stringify({ name: 'app', version: '1.0.0', private: true, scripts, ...rest });

/** Opens a builder before the file's tests and closes it after them. */
export function useBuilder() {
  let opened: Home | undefined;
  before(async () => {
    opened = await openHome({ limits: { diskMb: 1024, memoryMb: 512, processes: 200, outputMb: 4 } });
  });
  after(() => opened?.close());

  const home = (): Home => opened ?? assert.fail('the builder is not open yet');
  const build = (files: Files, request: Partial<BuildRequest> = {}) =>
    home().build(home().commit(writeFiles(files)), request);
  return {
    home,
    build,
    /** A build that has to succeed: its web component. */
    async web(files: Files, request: Partial<BuildRequest> = {}) {
      const result = await build(files, request);
      assert.ok(
        result.ok,
        result.ok
          ? ''
          : `${result.error.code}: ${result.error.message} ${result.error.cause ?? ''}\n${result.observed.log}`,
      );
      return {
        component: (await home().manifest(result.value.artifact)).components['web']!,
        observed: result.observed,
        artifact: result.value.artifact,
      };
    },
    /** A build that has to fail: its error. */
    async failure(files: Files, request: Partial<BuildRequest> = {}) {
      const result = await build(files, request);
      assert.ok(!result.ok, `built although it should not:\n${result.observed.log}`);
      return { ...result.error, observed: result.observed };
    },
  };
}
