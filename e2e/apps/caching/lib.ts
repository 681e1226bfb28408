/** Names one render: two answers with the same one come from the same render. */
export const renderId = (): string => Math.random().toString(36).slice(2, 12);
