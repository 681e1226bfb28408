/** Blobs as files of this machine. (On AWS the edge is CloudFront over S3, which needs none of this.) */
export interface Assets {
  /** Where the bytes of a blob lie: an absolute path that may be opened for reading; the file may be absent. `hash` is 64 hex digits. */
  open(hash: string): Readonly<{ path: string }>;
}
