import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RecoverySource } from '@anchor/core/records/recovery-source.ts';
import type { ServerContext } from './context.ts';

/** Serves the platform's own git repositories over smart HTTP, under /git/. */
export interface GitRemote {
  /** Serves one request; rejects only by a defect. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Pushes, of kind `push`, that a crash interrupted between git's write and the platform's. */
  readonly pushes: RecoverySource;
}

/** Creates the git remote of a deployment target. A target that hosts no repositories has none. */
export type CreateGitRemote = (server: ServerContext) => GitRemote;
