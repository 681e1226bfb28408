const seen: Map<string, string[]> = ((globalThis as { notes?: Map<string, string[]> }).notes ??= new Map());

/** What this process saw happen to a request. */
export const note = (id: string, what: string): void => void seen.set(id, [...(seen.get(id) ?? []), what]);
export const notesOf = (id: string): readonly string[] => seen.get(id) ?? [];
