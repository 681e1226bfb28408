import type { BuiltServer } from './frameworks.ts';
import type { FilesPlan, Plan } from './plan.ts';
import type { StartCommand } from './start-command.ts';

/** The output that is packaged. `built`: the server that the framework's build left, as found. */
export type Output = Readonly<
  { kind: 'next' } | ({ kind: 'files' } & FilesPlan) | { kind: 'server'; start: StartCommand; built?: BuiltServer }
>;
/** What is deployed after the build. `because`: the reason for the build log, where the build changed the plan. */
export type Settled = Readonly<{ output: Output; framework: Plan['framework']; because?: string }>;
