/** Tells the processes of a deployment apart: inside their sandboxes they have the same number. */
export const processId = (globalThis.processId ??= crypto.randomUUID());
