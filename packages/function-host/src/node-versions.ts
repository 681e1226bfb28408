import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { printable } from '@anchor/core/names/name.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { HostPaths } from './host-paths.ts';

/**
 * Finds the directory of an exact Node version: `bin/node` in it. Wirings may give one that downloads what is missing.
 */
export type NodeVersions = Readonly<{ directory(version: string): Promise<Result<string>> }>;

/** Returns the Node versions that builds have installed. */
export const nodesIn = (paths: Pick<HostPaths, 'nodes'>): NodeVersions => ({
  async directory(version) {
    if (!/^\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(version))
      return fail('artifact_invalid', `"${printable(version)}" is not an exact Node version`, 'Deploy again.');
    const directory = join(paths.nodes, version);
    try {
      await access(join(directory, 'bin', 'node'), constants.X_OK);
      return ok(directory);
    } catch {
      return fail(
        'not_ready',
        `Node ${version} is not on this machine`,
        'Deploy again: a build brings the version that it needs.',
      );
    }
  },
});
