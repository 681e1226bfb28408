import { anchorError, type AnchorError, type ErrorCode } from '@anchor/core/result/result.ts';
import { stripColours } from '@anchor/packaging/explain/lines.ts';

/** Returns the last lines of git's output. */
export const lastLinesOf = (stderr: string): string =>
  stripColours(stderr)
    .trim()
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-4)
    .join('\n')
    .slice(0, 1200);

type Rule = Readonly<{
  pattern: RegExp;
  code: ErrorCode;
  message: (host: string, commit: string) => string;
  fix: string;
}>;

/** What git prints for a failed fetch, and the error for it. The first one that matches decides. */
const RULES: readonly Rule[] = [
  {
    pattern:
      /Authentication failed|could not read Username|HTTP 40[13]|returned error: 40[13]|Permission denied|terminal prompts disabled/i,
    code: 'source_unreachable',
    message: (host) => `${host} denied access to the repository`,
    fix: 'For a private repository set credentials: a token in the address (anchor projects update --repository https://user:token@host/…), or for an ssh address a deploy key: anchor projects update --deploy-key-file <file>.',
  },
  {
    pattern: /Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/i,
    code: 'source_unreachable',
    message: (host) => `${host} presents another host key than at the first fetch`,
    fix: 'If the git host announced a new key, give the project a new deploy key: anchor projects update --deploy-key-file <file>.',
  },
  {
    pattern: /returned error: 30\d|unable to update url base from redirection/i,
    code: 'source_unreachable',
    message: (host) => `${host} redirects to another repository address`,
    fix: 'Set the repository address to the new one. Requests with credentials follow no redirect, so that no other host receives them.',
  },
  {
    pattern: /returned error: 404|Repository not found|not found/i,
    code: 'source_unreachable',
    message: (host) => `${host} has no such repository`,
    fix: 'Check the repository address; without credentials a private repository is "not found" too.',
  },
  {
    pattern: /not our ref|unadvertised|couldn't find remote ref/i,
    code: 'source_unreachable',
    message: (_, commit) => `Commit ${commit.slice(0, 12)} is not in the repository`,
    fix: 'It may have been replaced by a forced push: push again.',
  },
  {
    pattern: /No space left/,
    code: 'build_out_of_disk',
    message: () => 'The checkout filled the build disk',
    fix: 'Raise the disk limit of builds, or keep large files out of the repository.',
  },
  {
    pattern: /transport .* not allowed|unable to find remote helper/i,
    code: 'source_refused',
    message: () => 'The repository address uses a transport that is not allowed',
    fix: 'Use an https://, http:// or ssh:// address.',
  },
  {
    pattern: /fsck error|error: object [0-9a-f]+: \w+:/,
    code: 'source_refused',
    message: () => 'The repository holds an object that is not safe to check out',
    fix: 'Remove it from the history (git filter-repo), and push again.',
  },
];

/** Returns the error of a failed fetch, judged by the output of git. */
export function fetchError(message: string, host: string, commit: string): AnchorError {
  const rule = RULES.find(({ pattern }) => pattern.test(message));
  if (rule !== undefined) return anchorError(rule.code, rule.message(host, commit), rule.fix, message);
  return anchorError(
    'source_unreachable',
    `The repository could not be fetched from ${host}`,
    'Check the address and that this machine reaches the host, then retry.',
    message,
  );
}
