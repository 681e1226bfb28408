/** The requests that an application gets. Listeners for their end run in the context of the request. */
import { IncomingMessage } from 'node:http';
import { emitInScope, SCOPE, type RequestScope } from './request-log.ts';

export class AppRequest extends IncomingMessage {
  [SCOPE]: RequestScope | undefined;

  override emit(...args: Parameters<IncomingMessage['emit']>): boolean {
    return emitInScope(this, super.emit, args);
  }
}
