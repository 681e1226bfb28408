/** An object that only browsers have, in code that runs on a server. */
export const BROWSER_GLOBAL =
  /ReferenceError: (window|document|localStorage|sessionStorage|navigator|location|HTMLElement) is not defined/;

/** Returns the fix for an error of that kind among the lines. */
export function browserFix(lines: readonly string[]): string | undefined {
  const name = lines.map((line) => BROWSER_GLOBAL.exec(line)?.[1]).find((found) => found !== undefined);
  return name === undefined
    ? undefined
    : `Use ${name} only in the browser (in an effect, or behind typeof ${name} !== 'undefined'), and push again: pages are rendered on a server first.`;
}
