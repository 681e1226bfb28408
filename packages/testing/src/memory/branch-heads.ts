import type { CommitSha } from '@anchor/core/names/name.ts';
import type { BranchHeads, HeadRef } from '@anchor/core/ports/branch-heads.ts';
import { fail, ok } from '@anchor/core/result/result.ts';

export type MemoryHeads = BranchHeads & {
  reachable: boolean;
  readonly lookups: readonly HeadRef[];
  set(ref: string, commit: CommitSha): void;
  drop(ref: string): void;
};

/** Heads that a test sets, by branch name or `#<number>` of a pull request. */
export function memoryHeads(): MemoryHeads {
  const heads = new Map<string, CommitSha>();
  const lookups: HeadRef[] = [];
  return {
    reachable: true,
    lookups,
    set: (ref, commit) => void heads.set(ref, commit),
    drop: (ref) => void heads.delete(ref),
    async head(_project, ref) {
      lookups.push(ref);
      if (!this.reachable) return fail('source_unreachable', 'The git host does not respond', 'Wait.');
      const head = heads.get(ref.kind === 'branch' ? ref.branch : `#${ref.number}`);
      return head === undefined ? fail('not_found', 'There is no such ref', 'Push it first.') : ok(head);
    },
  };
}
