import { builtinModules } from 'node:module';

const PACKAGE = /^(?:@[\w.-]{1,100}\/)?[\w.-]{1,100}/;

const isPackage = (specifier: string): boolean =>
  !/^(?:\.|\/|~\/|@\/|#|\$|(?:app|src|lib|server|pages|components|utils|public)\/)/.test(specifier);

/** A package with the compiled program of another package, for Linux. */
const NATIVE_SIBLING = /[-.](?:linux|linuxmusl)-(?:x64|arm64)(?:-(?:gnu|musl|msvc|glibc))?$/;

const nativeFix = (name: string): string =>
  `Remove package-lock.json and node_modules, run the install again locally, commit the lock file, and push again: it was written on another system and lacks ${name}.`;

/** Returns the fix for an import that is not found: install the package, or spell the file as on disk. */
export function importFix(named: string): string {
  const specifier = named.replace(/^\/app\/{1,2}/, './');
  if (!isPackage(specifier))
    return `Check that ${specifier} is committed and spelled as on disk: upper and lower case letters differ on Linux.`;
  const name = PACKAGE.exec(specifier)?.[0] ?? specifier;
  if (specifier.startsWith('node:') || builtinModules.includes(name))
    return `Import ${specifier} in code of the server alone: it is a module of Node.js, and this import ends up in code for browsers (or for the edge runtime).`;
  if (NATIVE_SIBLING.test(name)) return nativeFix(name);
  return `Add ${name} to the dependencies (\`npm install ${name}\`, or the same with your package manager), commit package.json and the lock file, and push again.`;
}

/** Returns the fix of an import that one of the lines names as missing. */
export function missingImport(lines: readonly string[]): string | undefined {
  for (const line of lines) {
    const found =
      /Cannot find (?:module|package) '([^']{1,300})'/.exec(line) ?? /Can't resolve '([^']{1,300})'/.exec(line);
    if (found?.[1] !== undefined) return importFix(found[1]);
  }
  return undefined;
}

/** Returns the fix for an error in the code. */
export const codeFix = (): string =>
  'Correct the code at the place named, check with the same build locally, and push again.';

/** "./app/page.tsx:1:1", "src/main.ts (1:9):", "/app/src/main.js": the file that a message is about. */
export const FILE_LINE =
  /^\s*(?:\.{0,2}\/)?(?:[\w@.[\]()+-]{1,100}\/){0,20}[\w@.[\]()+-]{1,100}\.(?:[cm]?[jt]sx?|vue|svelte|astro|s?css|sass|less|mdx?|json)(?::\d{1,7}){0,2}:?$/;
