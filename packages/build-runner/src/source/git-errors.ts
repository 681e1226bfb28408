import { anchorError, type AnchorError } from '@anchor/core/result/result.ts';
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

/** Returns the error of a failed fetch, judged by the output of git. */
export function fetchError(message: string, host: string, commit: string): AnchorError {
  const is = (pattern: RegExp) => pattern.test(message);
  if (
    is(
      /Authentication failed|could not read Username|HTTP 40[13]|returned error: 40[13]|Permission denied|terminal prompts disabled/i,
    )
  ) {
    return anchorError(
      'source_unreachable',
      `${host} denied access to the repository`,
      'For a private repository set credentials: a token in the address (anchor projects update --repository https://user:token@host/…), or for an ssh address a deploy key: anchor projects update --deploy-key-file <file>.',
      message,
    );
  }
  if (is(/Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/i)) {
    return anchorError(
      'source_unreachable',
      `${host} presents another host key than at the first fetch`,
      'If the git host announced a new key, give the project a new deploy key: anchor projects update --deploy-key-file <file>.',
      message,
    );
  }
  if (is(/returned error: 30\d|unable to update url base from redirection/i)) {
    return anchorError(
      'source_unreachable',
      `${host} redirects to another repository address`,
      'Set the repository address to the new one. Requests with credentials follow no redirect, so that no other host receives them.',
      message,
    );
  }
  if (is(/returned error: 404|Repository not found|not found/i))
    return anchorError(
      'source_unreachable',
      `${host} has no such repository`,
      'Check the repository address; without credentials a private repository is "not found" too.',
      message,
    );
  if (is(/not our ref|unadvertised|couldn't find remote ref/i))
    return anchorError(
      'source_unreachable',
      `Commit ${commit.slice(0, 12)} is not in the repository`,
      'It may have been replaced by a forced push: push again.',
      message,
    );
  if (is(/No space left/))
    return anchorError(
      'build_out_of_disk',
      'The checkout filled the build disk',
      'Raise the disk limit of builds, or keep large files out of the repository.',
      message,
    );
  if (is(/transport .* not allowed|unable to find remote helper/i))
    return anchorError(
      'source_refused',
      'The repository address uses a transport that is not allowed',
      'Use an https://, http:// or ssh:// address.',
      message,
    );
  if (is(/fsck error|error: object [0-9a-f]+: \w+:/))
    return anchorError(
      'source_refused',
      'The repository holds an object that is not safe to check out',
      'Remove it from the history (git filter-repo), and push again.',
      message,
    );
  return anchorError(
    'source_unreachable',
    `The repository could not be fetched from ${host}`,
    'Check the address and that this machine reaches the host, then retry.',
    message,
  );
}
