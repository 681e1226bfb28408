/**
 * A visitor's browser: real Chromium, in which `*.localhost` is this machine, and tabs that keep what goes wrong in
 * them.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { openBrowserNetwork } from './browser-network.ts';

export async function launchBrowser(): Promise<Browser> {
  const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
    existsSync(path),
  );
  assert.ok(executablePath !== undefined, 'no chromium: apt-get install chromium');
  const network = await openBrowserNetwork(executablePath);
  const browser = await chromium.launch({
    executablePath: network.program,
    args: [
      ...network.args,
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  browser.once('disconnected', () => void network.close());
  await network.ready;
  return browser;
}

/** Chromium cuts what it is loading when an interface of the machine comes or goes, and each sandbox has one. */
const NETWORK_CHANGED = 'net::ERR_NETWORK_CHANGED';
const TRIES = 3;

export type Tab = Readonly<{
  page: Page;
  context: BrowserContext;
  /** Everything that a visitor's console would show in red, page errors, and responses of 400 and more, in order. */
  wrong: string[];
}>;

export type TabOptions = BrowserContextOptions &
  Readonly<{
    /** Expected errors: a line of `wrong` that contains one of these is dropped. */
    expected?: readonly string[];
  }>;

/** Opens the address in a tab with cookies and storage of its own; the caller closes its context. */
export async function openTab(
  browser: Browser,
  address: string,
  { expected = [], ...options }: TabOptions = {},
): Promise<Tab> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const wrong: string[] = [];
  const keep = (line: string): void => {
    if (!expected.some((part) => line.includes(part))) wrong.push(line);
  };
  page.on('console', (message) => {
    if (message.type() === 'error') keep(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => keep(`page: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 400) keep(`${response.status()} ${response.request().method()} ${response.url()}`);
  });
  for (let tries = 1; ; tries++) {
    try {
      await page.goto(address, { waitUntil: 'load' });
      return { page, context, wrong };
    } catch (cause) {
      if (tries < TRIES && String(cause).includes(NETWORK_CHANGED)) continue;
      await context.close();
      throw cause;
    }
  }
}

/**
 * Does something in a tab of its own, in which nothing unexpected may go wrong; once more in another when the network
 * changed.
 */
export async function inTab(
  browser: Browser,
  address: string,
  run: (page: Page, tab: Tab) => Promise<void>,
  options: TabOptions = {},
): Promise<void> {
  for (let tries = 1; ; tries++) {
    const tab = await openTab(browser, address, options);
    try {
      await run(tab.page, tab);
      assert.deepEqual(tab.wrong, []);
      return;
    } catch (cause) {
      if (tries === TRIES || !tab.wrong.some((line) => line.includes(NETWORK_CHANGED))) throw cause;
    } finally {
      await tab.context.close();
    }
  }
}

/** Marks the document: a navigation that loads a new one loses the mark. */
export const mark = (page: Page): Promise<void> =>
  page.evaluate(() => void Object.assign(globalThis, { marked: true }));
export const marked = (page: Page): Promise<boolean> => page.evaluate(() => 'marked' in globalThis);
