import type { FunctionEntry } from '@anchor/protocol/artifact/web/function.ts';
import type { WebComponent } from '@anchor/protocol/artifact/web/component.ts';
import { z } from 'zod';
import { blobsOfComponent, componentSchema, functionsOfComponent, storedComponentSchema } from './components.ts';

const componentName = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);

/**
 * The result of a build: an entry per component over content-addressed blobs. Its own bytes are a blob; that blob's
 * hash is `Deployment.artifact`.
 */
export const manifestSchema = z.object({
  version: z.literal(1),
  components: z.record(componentName, componentSchema),
});

/**
 * Parses a part of a manifest from the blob store. Its files and pages were validated when it was written, and
 * validating tens of thousands of them again would block the process.
 */
export const storedManifestSchema = manifestSchema.extend({
  components: z.record(componentName, storedComponentSchema),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** Returns the component that serves the deployment's hosts; undefined when it has none. */
export function webOf({ components }: Manifest): WebComponent | undefined {
  const web = Object.hasOwn(components, 'web') ? components['web'] : undefined;
  return web?.kind === 'web' ? web : undefined;
}

/** Returns every blob that a manifest names itself; the trees of its functions name more. */
export function* blobsOf({ components }: Manifest): Iterable<string> {
  for (const component of Object.values(components)) yield* blobsOfComponent(component);
}

export const functionsOf = ({ components }: Manifest): readonly FunctionEntry[] =>
  Object.values(components).flatMap(functionsOfComponent);
