const seen: Map<string, string[]> = ((globalThis as { closedStreams?: Map<string, string[]> }).closedStreams ??= new Map());

export const noteClosed = (id: string, how: string): void => void seen.set(id, [...(seen.get(id) ?? []), how]);
export const wasClosed = (id: string): readonly string[] => seen.get(id) ?? [];
