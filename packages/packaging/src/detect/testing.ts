import { detect } from './detect.ts';
import type { Plan } from './plan.ts';

/** The package.json of an application that Vite made. */
export const vite = {
  devDependencies: { vite: '^8' },
  scripts: { dev: 'vite', build: 'tsc -b && vite build', preview: 'vite preview' },
};

/** Returns the start command of a server, and the kind of output of anything else. */
export const startOf = ({ output }: Plan): string =>
  output.kind !== 'server'
    ? output.kind
    : output.start.kind === 'shell'
      ? output.start.script
      : output.start.argv.join(' ');

/** Returns the plan for a folder with this package.json and these files, undefined when it is refused. */
export const planFor = (packageJson: Record<string, unknown>, files: readonly string[] = []): Plan | undefined => {
  const result = detect({ files, settings: {}, packageJson });
  return result.ok ? result.value : undefined;
};

export const directories = (plan: Plan) => (plan.output.kind === 'files' ? plan.output.directories : []);
