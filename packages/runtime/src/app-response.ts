/**
 * Headers named `x-anchor-…` are orders to the edge, which believes the function. Only the runtime gives them: an app that
 * passes on another origin's answer with all of its headers must not pass on orders too.
 */
import { OutgoingMessage, ServerResponse, type OutgoingHttpHeader, type OutgoingHttpHeaders } from 'node:http';

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];

const isOrder = (name: unknown): boolean => typeof name === 'string' && name.length > 9 && name.slice(0, 9).toLowerCase() === 'x-anchor-';

/** What apps get to answer with: leaves orders out, however they are set. */
export class AppResponse extends ServerResponse {
  override setHeader(name: string, value: number | string | readonly string[]): this {
    return isOrder(name) ? this : super.setHeader(name, value);
  }

  override appendHeader(name: string, value: string | readonly string[]): this {
    return isOrder(name) ? this : super.appendHeader(name, value);
  }

  override writeHead(status: number, reason?: string | Headers, headers?: Headers): this {
    return typeof reason === 'string' ? super.writeHead(status, reason, allowed(headers)) : super.writeHead(status, allowed(headers ?? reason));
  }
}

/** An order of the runtime's own. */
export function order(response: ServerResponse, name: `x-anchor-${string}`, value: string): void {
  OutgoingMessage.prototype.setHeader.call(response, name, value);
}

function allowed(headers: Headers | undefined): Headers | undefined {
  if (headers === undefined) return undefined;
  if (!Array.isArray(headers)) return Object.keys(headers).some(isOrder) ? Object.fromEntries(Object.entries(headers).filter(([name]) => !isOrder(name))) : headers;
  // Flat, or in pairs: by the first one, as Node tells them apart.
  if (Array.isArray(headers[0])) return headers.filter((pair) => !(Array.isArray(pair) && isOrder(pair[0])));
  return headers.filter((_, i) => !isOrder(headers[i - (i % 2)]));
}
