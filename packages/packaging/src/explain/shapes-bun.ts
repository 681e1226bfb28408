import { LOCK_FIX, TOKEN_FIX, nameFix, versionFix, named } from './install-fixes.ts';
import { following, type Shape } from './shape.ts';

/** Installs by Bun. */
export const BUN_SHAPES: readonly Shape[] = [
  {
    name: 'bun-lock-out-of-date',
    line: /^error: lockfile had changes, but lockfile is frozen/,
    fix: () => LOCK_FIX('bun install', 'bun.lock'),
  },
  {
    name: 'bun-package-missing',
    line: /^error: GET \S{1,300} - 404/,
    cause: following(2, /^(?!error: )/),
    fix: (found) => nameFix(named(/^error: ((?:@[\w.-]{1,100}\/)?[\w.-]{1,100})@\S+ failed to resolve/)(found)),
  },
  { name: 'bun-token', line: /^error: GET \S{1,300} - 40[13]/, fix: () => TOKEN_FIX },
  { name: 'bun-version-missing', line: /^error: No version matching "[^"]{1,100}" found/, fix: () => versionFix('') },
];
