import { access, constants } from 'node:fs/promises';

/** Returns whether the path exists. `kind`: and is a program. */
export const exists = (path: string, kind: 'any' | 'program' = 'any'): Promise<boolean> =>
  access(path, kind === 'program' ? constants.X_OK : constants.F_OK).then(
    () => true,
    () => false,
  );
