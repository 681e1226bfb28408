import type { Found } from './shape.ts';

export const LOCK_FIX = (install: string, file: string): string =>
  `Run \`${install}\` locally, commit ${file}, and push again: the lock file does not match package.json.`;
export const TOKEN_FIX =
  "Put the registry's token into .npmrc as ${NPM_TOKEN}, set it with `anchor env set NPM_TOKEN --scope build`, then run `anchor redeploy`.";
export const HOST_FIX =
  "Check the registry's address in .npmrc and push again: builds reach the internet, but neither private networks nor this machine.";
export const AGAIN_FIX = 'Run `anchor redeploy` in a moment: the registry had a failure of its own.';
export const NODE_FIX =
  'Name a Node.js version that the package accepts as engines.node in package.json, or run `anchor projects update --node <version>`.';
export const nameFix = (name: string): string =>
  `Check the name ${name === '' ? '' : `${name} `}in package.json; if it is a private package, name its registry in .npmrc and set the token with \`anchor env set NPM_TOKEN --scope build\`.`;
export const versionFix = (spec: string): string =>
  `Choose a version of ${spec === '' ? 'the package' : spec.replace(/(.)@.*$/, '$1')} that exists, update the lock file, and push again.`;
export const peerFix =
  'Align the versions that disagree, or set the install command: anchor projects update --install "npm install --legacy-peer-deps".';
export const scriptFix = (found: Found): string =>
  `Add the script ${
    /"([^"]{1,80})"|script: (\S{1,80})/
      .exec(found.lines[found.at] ?? '')
      ?.slice(1)
      .find((name) => name !== undefined) ?? ''
  } to package.json, or name another command: anchor projects update --build "<command>".`;

/** The package that the lines name, for the fix. */
export const named =
  (pattern: RegExp) =>
  ({ lines, at }: Found): string => {
    for (const line of lines.slice(at, at + 12)) {
      const name = pattern.exec(line)?.[1];
      if (name !== undefined) return name;
    }
    return '';
  };
