import { blobsOf, functionsOf, storedManifestSchema } from '../artifact/manifest.ts';
import { treeSchema } from '../artifact/tree.ts';
import type { Deployment } from '../deployments/deployment.ts';
import type { ProjectId } from '../names/id.ts';
import type { Ports } from '../ports/ports.ts';

/** A needed blob that is missing, or whose content does not match its name. */
export type BrokenBlob = Readonly<{ hash: string; projectId: ProjectId; why: string }>;
type Span = Readonly<{ from: number; to: number }>;

/** A build stores its blobs, or renews those that are there, between these moments around its own. */
const BEFORE_MS = 60_000;
const AFTER_MS = 3_600_000;

/**
 * Marks the blobs that are needed. A manifest or file list that cannot be read hides the blobs that it names. Then
 * every blob that was stored or renewed while its deployment was built counts as needed, and clean-up continues.
 */
export class Marks {
  readonly #blobs: Pick<Ports['blobs'], 'get'>;
  readonly #needed = new Map<string, ProjectId>();
  readonly #artifacts = new Set<string>();
  readonly #trees = new Set<string>();
  readonly #nodes = new Set<string>();
  readonly #broken: BrokenBlob[] = [];
  readonly #spans: Span[] = [];

  constructor(blobs: Pick<Ports['blobs'], 'get'>) {
    this.#blobs = blobs;
  }

  get trees(): readonly string[] {
    return [...this.#trees];
  }

  get nodes(): readonly string[] {
    return [...this.#nodes];
  }

  get broken(): readonly BrokenBlob[] {
    return this.#broken;
  }

  /** Yields every needed blob with a project that needs it. */
  needed(): Iterable<readonly [hash: string, projectId: ProjectId]> {
    return this.#needed;
  }

  needs(blob: Readonly<{ hash: string; writtenAt: number }>): boolean {
    return (
      this.#needed.has(blob.hash) || this.#spans.some(({ from, to }) => blob.writtenAt >= from && blob.writtenAt <= to)
    );
  }

  add(hash: string, projectId: ProjectId): void {
    if (!this.#needed.has(hash)) this.#needed.set(hash, projectId);
  }

  /** Marks every blob that a deployment's artifact names, its own included. */
  async addArtifactOf(deployment: Deployment): Promise<void> {
    const { artifact, artifactRemovedAt, projectId } = deployment;
    if (artifact === undefined || artifactRemovedAt !== undefined || this.#artifacts.has(artifact)) return;
    this.#artifacts.add(artifact);
    this.add(artifact, projectId);
    const manifest = await this.#read(artifact, deployment, (json) => storedManifestSchema.parse(json));
    if (manifest === undefined) return;
    for (const hash of blobsOf(manifest)) this.add(hash, projectId);
    for (const { node, tree } of functionsOf(manifest)) {
      this.#nodes.add(node);
      if (this.#trees.has(tree)) continue;
      this.#trees.add(tree);
      this.add(tree, projectId);
      const listing = await this.#read(tree, deployment, (json) => treeSchema.parse(json));
      for (const entry of listing?.entries ?? []) if ('blob' in entry) this.add(entry.blob, projectId);
    }
  }

  async #read<T>(hash: string, deployment: Deployment, parse: (json: unknown) => T): Promise<T | undefined> {
    try {
      const bytes = await this.#blobs.get(hash);
      if (bytes !== undefined) return parse(JSON.parse(new TextDecoder().decode(bytes)));
      this.#hidden(hash, deployment, 'it is missing');
    } catch (error) {
      this.#hidden(hash, deployment, error instanceof Error ? error.message : String(error));
    }
    return undefined;
  }

  #hidden(hash: string, { projectId, createdAt, buildEndedAt, updatedAt }: Deployment, why: string): void {
    this.#broken.push({ hash, projectId, why: why.slice(0, 500) });
    this.#spans.push({ from: createdAt - BEFORE_MS, to: (buildEndedAt ?? updatedAt) + AFTER_MS });
  }
}
