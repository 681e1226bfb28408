/** Pages and route handlers are bundles of their own: what they share is on the global object. */
const shared = globalThis as typeof globalThis & { waiting?: (() => void)[] };
const waiting = (shared.waiting ??= []);

/** Resolves at the next release. */
export const released = () => new Promise<void>((resolve) => waiting.push(resolve));

export const release = () => waiting.splice(0).forEach((go) => go());
