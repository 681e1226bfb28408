const PACKAGE = /^(?:@[\w.-]{1,100}\/)?[\w.-]{1,100}/;

const isPackage = (specifier: string): boolean =>
  !/^(?:\.|\/|~\/|@\/|#|\$|(?:app|src|lib|server|pages|components|utils|public)\/)/.test(specifier);

/** Returns the fix for an import that is not found: install the package, or spell the file as on disk. */
export function importFix(named: string): string {
  const specifier = named.replace(/^\/app\/{1,2}/, './');
  if (!isPackage(specifier))
    return `Check that ${specifier} is committed and spelled as on disk: upper and lower case letters differ on Linux.`;
  const name = PACKAGE.exec(specifier)?.[0] ?? specifier;
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
