/** Blobs as files of this machine. (On AWS the edge is CloudFront over S3, which needs none of this.) */
export interface Assets {
  /**
   * Returns the absolute path of a blob, which may be opened for reading; the file may be absent. `hash` is 64 hex
   * digits.
   */
  open(hash: string): Readonly<{ path: string }>;
}
