/** The tool that builds a web component and decides how it is packaged; a project's settings may name one. */
export const FRAMEWORKS = ['nextjs', 'static', 'spa', 'node'] as const;

export type Framework = (typeof FRAMEWORKS)[number];
