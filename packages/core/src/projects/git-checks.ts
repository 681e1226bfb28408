/**
 * Faults of earlier git versions that are still common in histories and harm no program: they are accepted with a
 * warning, on push and on fetch. All others of git-fsck(1) stay refused, among them those that aim at a checkout:
 * `.git` and `..` as names, slashes in names, links in place of `.gitmodules`, its commands.
 */
export const TOLERATED_FAULTS: readonly string[] = [
  'zeroPaddedFilemode',
  'zeroPaddedDate',
  'badDate',
  'badDateOverflow',
  'badTimezone',
  'badEmail',
  'badName',
  'missingEmail',
  'missingNameBeforeEmail',
  'missingSpaceBeforeDate',
  'missingSpaceBeforeEmail',
  'multipleAuthors',
  'nulInCommit',
  'missingTaggerEntry',
  'badTagName',
];
