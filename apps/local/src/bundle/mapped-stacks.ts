import { pathToFileURL } from 'node:url';
import { Positions } from './positions.ts';

/** Errors mostly come in numbers; a process without errors holds no positions. */
const CACHE_MS = 10_000;

/**
 * Shows stack traces with lines of the sources when this process runs a bundle. V8 formats a stack when it is first
 * read, so an error whose stack is never read costs nothing.
 */
export function mapStacks(bundle: string | undefined = process.argv[1]): void {
  if (bundle?.endsWith('.mjs') !== true) return;
  const spelling = ['(?:', escape(pathToFileURL(bundle).href), '|', escape(bundle), '):(\\d+):(\\d+)'].join('');
  const inBundle = new RegExp(spelling, 'g');
  let positions: Positions | undefined;
  const find = (whole: string, line: string, column: string): string => {
    try {
      if (positions === undefined) {
        positions = new Positions(bundle);
        setTimeout(() => (positions = undefined), CACHE_MS).unref();
      }
      const found = positions.find(Number(line), Number(column));
      return found === undefined ? whole : `${found.file}:${found.line}`;
    } catch {
      // Newer code has replaced the bundle: its own lines are better than none.
      return whole;
    }
  };
  Error.prepareStackTrace = (error, frames) =>
    [String(error), ...frames.map((frame) => `    at ${String(frame).replace(inBundle, find)}`)].join('\n');
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
