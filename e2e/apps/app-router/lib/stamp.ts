import { randomUUID } from 'node:crypto';

/** Tells two renders apart. */
export const stamp = (): string => randomUUID();
