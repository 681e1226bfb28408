import { BubblewrapSandboxes, type LocalSandboxes } from '@anchor/sandbox-linux/sandboxes.ts';
import { UnsafeSandboxes } from '@anchor/sandbox-linux/unsafe.ts';
import type { Settings } from './settings.ts';

/** Opens the isolation of builds and functions that this installation uses. */
export function openSandboxes(settings: Settings): LocalSandboxes {
  const options = {
    data: settings.data,
    buildFloor: settings.buildFloorPercent / 100,
    ...(settings.trustStore === undefined ? {} : { trustStore: settings.trustStore }),
  };
  return settings.unsafeNoSandbox ? new UnsafeSandboxes(options) : new BubblewrapSandboxes(options);
}
