import { fail, type Result } from '@anchor/core/result/result.ts';
import { invalidJson, readInTree } from '@anchor/packaging/checkout/checkout-fs.ts';
import { conflictLine } from '@anchor/packaging/checkout/conflict-markers.ts';

/** The command that replaces an unreadable lock file. npm, pnpm and Yarn resolve a merge's conflicts in it. */
const REPAIRS: Readonly<Record<string, Readonly<{ conflict: string; broken: string }>>> = {
  'package-lock.json': { conflict: 'npm install', broken: 'rm package-lock.json && npm install' },
  'npm-shrinkwrap.json': {
    conflict: 'npm install',
    broken: 'rm npm-shrinkwrap.json && npm install && npm shrinkwrap',
  },
  'pnpm-lock.yaml': { conflict: 'pnpm install', broken: 'rm pnpm-lock.yaml && pnpm install' },
  'yarn.lock': { conflict: 'yarn install', broken: 'rm yarn.lock && yarn install' },
  'bun.lock': { conflict: 'rm bun.lock && bun install', broken: 'rm bun.lock && bun install' },
};

/** Fails for a package.json that is no JSON; conflicts that a merge left in it are named. */
export async function checkPackageJson(root: string, path: string): Promise<Result<never> | undefined> {
  const cause = await invalidJson(root, path);
  if (cause === undefined) return undefined;
  const line = conflictLine((await readInTree(root, path)) ?? '');
  if (line !== undefined)
    return fail(
      'detect_failed',
      `${path} has an unresolved merge conflict in line ${line}`,
      `Resolve the conflict in ${path} (remove the lines <<<<<<<, ======= and >>>>>>>), commit it, and push again.`,
    );
  return fail(
    'detect_failed',
    `${path} is not valid JSON`,
    `Fix the syntax of ${path}; \`node -p "JSON.parse(fs.readFileSync('${path.replaceAll("'", '')}'))"\` checks it.`,
    cause,
  );
}

/** Fails for a lock file that its manager could not read, before the manager says so less clearly. */
export function checkLockFile(path: string, name: string, text: string): Result<never> | undefined {
  const repair = REPAIRS[name];
  if (repair === undefined) return undefined;
  const line = conflictLine(text);
  if (line !== undefined)
    return fail(
      'install_failed',
      `${path} has an unresolved merge conflict in line ${line}`,
      `Run \`${repair.conflict}\` locally, commit ${name}, and push again.`,
    );
  if (!/^(?:package-lock|npm-shrinkwrap)\.json$/.test(name)) return undefined;
  try {
    JSON.parse(text.replace(/^\uFEFF/, ''));
    return undefined;
  } catch (error) {
    return fail(
      'install_failed',
      `${path} is not valid JSON`,
      `Run \`${repair.broken}\` locally, commit ${name}, and push again.`,
      error instanceof Error ? error.message.slice(0, 400) : String(error),
    );
  }
}
