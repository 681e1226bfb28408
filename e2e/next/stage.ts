/**
 * The stage of a test file: a platform with a deployed site, and the servers that the tests need. Started before its
 * tests, stopped after them.
 */
import { after, before } from 'node:test';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../browser.ts';
import { startPlatform, type Platform } from '../platform.ts';
import { startGates, type Gates } from './gates.ts';
import { startReference, type Reference } from './reference.ts';
import { startWithShared } from './shared-site.ts';
import { deployApp, type Site, type SiteOptions } from './site.ts';

type Parts = { platform: Platform; site: Site; browser: Browser; reference: Reference; gates: Gates };
type Extra = 'browser' | 'reference' | 'gates';
export type StageOptions = SiteOptions &
  Readonly<{
    /** Of the platform. */
    flags?: readonly string[];
    /** Other files start from the same site: it is built once, and this file works on a copy. */
    shared?: boolean;
  }>;
export type Stage<More extends Extra> = Readonly<
  Pick<Parts, 'platform' | 'site' | More> & {
    /** Ends the platform and starts it again on the same data. */
    restart(): Promise<void>;
  }
>;

/**
 * `options` may start what the site needs; `ready` takes what was started. Hooks of a whole file run at the same time:
 * no other can do so before or after this one.
 */
export function useStage<More extends Extra = never>(
  more: readonly More[],
  options: StageOptions | (() => Promise<StageOptions>),
  ready?: (stage: Stage<More>) => void,
): Stage<More> {
  const parts: Partial<Parts> = {};
  const wants = (extra: Extra): boolean => more.some((one) => one === extra);

  before(async () => {
    const { flags: own = [], shared = false, ...site } = typeof options === 'function' ? await options() : options;
    if (wants('gates')) parts.gates = await startGates();
    const flags = ['--function-round-robin', ...own, ...(parts.gates?.flags ?? [])];
    const deploy = async (): Promise<void> => {
      if (shared) return void Object.assign(parts, await startWithShared(site, flags));
      parts.platform = await startPlatform({ flags });
      parts.site = await deployApp(parts.platform, site);
    };
    if (wants('browser')) parts.browser = await launchBrowser();
    const started = await Promise.allSettled([
      deploy(),
      ...(wants('reference') ? [startReference(site).then((value) => (parts.reference = value))] : []),
    ]);
    for (const one of started) if (one.status === 'rejected') throw one.reason;
    ready?.(stage);
  });
  after(async () => {
    await parts.browser?.close();
    await parts.reference?.stop();
    await parts.site?.remove();
    await parts.platform?.stop();
    parts.gates?.close();
  });

  const started = <Name extends keyof Parts>(name: Name): Parts[Name] => {
    const part: Parts[Name] | undefined = parts[name];
    if (part === undefined) throw new Error(`There is no ${name} yet, or the stage was created without one.`);
    return part;
  };
  const stage: Parts & { restart(): Promise<void> } = {
    get platform() {
      return started('platform');
    },
    get site() {
      return started('site');
    },
    get browser() {
      return started('browser');
    },
    get reference() {
      return started('reference');
    },
    get gates() {
      return started('gates');
    },
    async restart() {
      parts.platform = await started('platform').restart();
    },
  };
  return stage;
}
