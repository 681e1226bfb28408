const NAMES = ['npm', 'pnpm', 'yarn', 'bun'] as const;
export type PackageManagerName = (typeof NAMES)[number];
export const isPackageManager = (name: string): name is PackageManagerName => NAMES.some((each) => each === name);
