import type { BuildRequest } from '@anchor/core/ports/build-runner.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import type { OutputSink } from '../session/command.ts';
import type { Session } from '../session/session.ts';
import type { Prepared } from './prepare.ts';

/** The context of every stage of one build. */
export type BuildContext = Readonly<{ session: Session; request: BuildRequest; sink: OutputSink }>;

/** A build that runs programs of the project: Node and a package manager are in place. */
export type Runnable = Prepared & Readonly<{ tools: NonNullable<Prepared['tools']> }>;

/** Returns the path inside the sandbox of a folder of the checkout, '' for its root. */
export const pathInApp = (folder: string): string =>
  folder === '' ? SANDBOX_PATHS.app : `${SANDBOX_PATHS.app}/${folder}`;
