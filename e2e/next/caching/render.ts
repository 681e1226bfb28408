import assert from 'node:assert/strict';

/** The value that the page shows under the name: `<p>render=<!-- -->abc</p>`, `{"render":"abc"}`, or what RSC payloads make of it. */
export function shown(text: string, name = 'render'): string {
  const found = new RegExp(`${name}(?:=|":|=",)\\s*(?:<!-- -->)?"?([a-z0-9]{4,})`).exec(text);
  return found?.[1] ?? assert.fail(`no ${name} in ${text.slice(0, 600)}`);
}
