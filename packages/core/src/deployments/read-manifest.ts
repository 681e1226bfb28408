import { storedManifestSchema, type Manifest } from '../artifact/manifest.ts';
import type { Ports } from '../ports/ports.ts';
import type { Deployment } from './deployment.ts';

/** Returns a deployment's manifest; undefined without an artifact, or with one that this version cannot parse. */
export async function manifestOf(ports: Pick<Ports, 'blobs'>, { artifact }: Deployment): Promise<Manifest | undefined> {
  const bytes = artifact === undefined ? undefined : await ports.blobs.get(artifact);
  if (bytes === undefined) return undefined;
  return storedManifestSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data;
}
