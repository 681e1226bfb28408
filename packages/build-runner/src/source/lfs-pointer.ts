/** The text in a repository in place of a file that Git LFS stores elsewhere. */
export type LfsPointer = Readonly<{ oid: string; size: number }>;

const POINTER =
  /^version https:\/\/(?:git-lfs\.github\.com|hawser\.github\.com)\/spec\/v1\r?\n(?:ext-\d-[^\n]*\n)*oid sha256:([0-9a-f]{64})\r?\nsize (\d{1,15})\r?\n?$/;

/** Parses a pointer file (git-lfs/docs/spec.md); undefined for any other text. */
export function parsePointer(text: string): LfsPointer | undefined {
  const [, oid, size] = POINTER.exec(text) ?? [];
  return oid === undefined || size === undefined ? undefined : { oid, size: Number(size) };
}

/**
 * Returns whether a file may be a pointer. One has about 130 bytes, with extensions some more; the format allows 1,023.
 */
export const mayBePointer = (size: number): boolean => size >= 100 && size <= MAX_POINTER_BYTES;
export const MAX_POINTER_BYTES = 1_023;
