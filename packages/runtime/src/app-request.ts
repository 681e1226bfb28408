/** The requests that an application gets: who listens for their end does so as part of the request. */
import { IncomingMessage } from 'node:http';
import { emitInScope, type RequestScope } from './request-log.ts';

export class AppRequest extends IncomingMessage {
  scope: RequestScope | undefined;

  override emit(...args: Parameters<IncomingMessage['emit']>): boolean {
    return emitInScope(this, super.emit, args);
  }
}
