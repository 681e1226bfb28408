/** Failed writes beside the code, as Node, SQLite, uploads and their libraries report them. */
const PATTERNS: readonly (readonly [RegExp, (match: RegExpExecArray) => string])[] = [
  [
    /SQLITE_(?:READONLY|CANTOPEN)\w*|attempt to write a readonly database|unable to open (?:the )?database file/i,
    () =>
      'SQLite cannot write its file: the files of a deployment are read-only. A file in /tmp is lost with the process; use a database server, or one that is reached by network, such as Postgres or libSQL.',
  ],
  [/EROFS[^,]*,\s*(\w+)(?:\s+'([^']{1,200})')?/, (match) => written(match[1] ?? '', match[2])],
  // Node reports a folder that `mkdir` with `recursive` cannot make as missing.
  [/ENOENT[^,]*, mkdir '((?!\/(?:tmp|cache|dev|proc|run)\/)[^']{1,200})'/, (match) => written('mkdir', match[1])],
  [/read-only file system[:,]?\s*(?:'([^']{1,200})')?/i, (match) => written('', match[1])],
];
const BEGINS =
  /EROFS|ENOENT[^,]{0,80}, mkdir |SQLITE_(?:READONLY|CANTOPEN)|attempt to write a readonly|unable to open (?:the )?database|read-only file system/i;
const STORED = /\/(?:uploads?|public|static|media|storage|files|images|attachments)(?:\/|$)/i;

function written(what: string, path: string | undefined): string {
  const target =
    path === undefined ? 'the files of a deployment' : `"${path.replace(/^\/app\//, '')}": the files of a deployment`;
  const where = 'Only /tmp ($TMPDIR) can be written, and is lost with the process.';
  const instead =
    path !== undefined && STORED.test(path)
      ? 'Keep uploads in a bucket (S3-compatible).'
      : /\.(?:db|sqlite3?)(?:-\w+)?$/.test(path ?? '')
        ? 'Use a database that is reached by network.'
        : 'What must be kept belongs in a database or a bucket; caches in /tmp.';
  return `Cannot ${what === 'mkdir' ? 'make' : 'write'} ${target} are read-only. ${where} ${instead}`;
}

/** Returns what to do about a write that failed because files are read-only; undefined for any other line. */
export function readOnlyHint(line: string): string | undefined {
  const at = line.search(BEGINS);
  if (at === -1) return undefined;
  // The search is bounded: lines are a tenant's, and come a thousand a second.
  const part = line.slice(at, at + 300);
  for (const [pattern, hint] of PATTERNS) {
    const match = pattern.exec(part);
    if (match !== null) return hint(match);
  }
  return undefined;
}
