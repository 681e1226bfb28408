import { createSandboxes, type LocalSandboxes } from '@anchor/adapter-local/sandbox/sandboxes.ts';
import { createUnsafeSandboxes } from '@anchor/adapter-local/sandbox/unsafe.ts';
import { ok } from '@anchor/core/result/result.ts';
import type { Settings } from './settings.ts';

/** How this installation isolates builds and functions. */
export function openSandboxes(settings: Settings): LocalSandboxes {
  const options = { data: settings.data, ...(settings.trustStore === undefined ? {} : { trustStore: settings.trustStore }) };
  if (settings.unsafeNoSandbox) return { ...createUnsafeSandboxes(options), warm: async () => ok(undefined), close: async () => undefined };
  return createSandboxes(options);
}
