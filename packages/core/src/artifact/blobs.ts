import type { Manifest } from './manifest.ts';

/** Every blob that a manifest names for the edge; its functions' trees name more. */
export function* blobsOf(manifest: Manifest): Iterable<string> {
  for (const component of Object.values(manifest.components)) {
    for (const file of [...Object.values(component.files), ...Object.values(component.prerenders)]) {
      yield file.blob;
      if (file.br !== undefined) yield file.br.blob;
      if (file.gzip !== undefined) yield file.gzip.blob;
    }
    for (const { postponed } of Object.values(component.prerenders)) if (postponed !== undefined) yield postponed.blob;
  }
}
