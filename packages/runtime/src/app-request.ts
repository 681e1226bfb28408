/** The requests that an application gets: who listens for their end does so as part of the request. */
import { IncomingMessage } from 'node:http';
import { emitInScope, SCOPE, type RequestScope } from './request-log.ts';

export class AppRequest extends IncomingMessage {
  [SCOPE]: RequestScope | undefined;

  override emit(...args: Parameters<IncomingMessage['emit']>): boolean {
    return emitInScope(this, super.emit, args);
  }
}
