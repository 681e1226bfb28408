import { randomUUID } from 'node:crypto';

/** Tells two renders apart. */
export const stamp = (): string => randomUUID();
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
