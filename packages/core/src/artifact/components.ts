import { blobsOfWeb, storedWebSchema, webSchema } from '@anchor/protocol/artifact/web/component.ts';
import type { FunctionEntry } from '@anchor/protocol/artifact/web/function.ts';
import { z } from 'zod';

/**
 * The kinds of components. A kind is a folder of `packages/protocol/src/artifact`; a new one adds its two schemas here,
 * and a case to each function below, which are all that use cases know of a kind.
 */
export const componentSchema = z.discriminatedUnion('kind', [webSchema]);
/** The schema for a stored manifest, whose long lists were checked when it was written. */
export const storedComponentSchema = z.discriminatedUnion('kind', [storedWebSchema]);

export type Component = z.infer<typeof componentSchema>;

/** Returns every blob that a component names itself; the trees of its functions name more. */
export function blobsOfComponent(component: Component): Iterable<string> {
  switch (component.kind) {
    case 'web':
      return blobsOfWeb(component);
  }
}

/** Returns the functions that a component starts on request. */
export function functionsOfComponent(component: Component): readonly FunctionEntry[] {
  switch (component.kind) {
    case 'web':
      return component.function === undefined ? [] : [component.function];
  }
}
