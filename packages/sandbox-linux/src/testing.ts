import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BubblewrapSandboxes, type LocalSandboxes } from './sandboxes.ts';

/** Sandboxes over a data directory of their own, for tests: `end` removes everything they left on the machine. */
export const makeSandboxes = async (): Promise<
  Readonly<{ subject: LocalSandboxes; data: string; end: () => Promise<void> }>
> => {
  const data = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  const subject = new BubblewrapSandboxes({ data });
  return {
    subject,
    data,
    async end() {
      await subject.close();
      await subject.sweep();
      await rm(data, { recursive: true, force: true });
    },
  };
};
