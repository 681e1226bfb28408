import { createSandboxes, type LocalSandboxes } from '@anchor/adapter-local/sandbox/sandboxes.ts';
import type { Settings } from './settings.ts';

/** How this installation isolates builds and functions. */
export function openSandboxes(settings: Settings): LocalSandboxes {
  return createSandboxes({ data: settings.data, ...(settings.trustStore === undefined ? {} : { trustStore: settings.trustStore }) });
}
