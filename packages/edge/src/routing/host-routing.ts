import type { HostRoute } from '@anchor/core/ports/route-table.ts';
import { isHttp10, type Address, type Exchange, type RequestHead } from '../http1/transport.ts';
import { parseTarget } from '../http/request-target.ts';
import type { Problem } from '../error-pages/error-page.ts';
import { badRequest, unknownHost } from '../error-pages/problems.ts';
import type { HostRoutes } from './skew-protection.ts';

export type HostMatch =
  | Readonly<{ kind: 'route'; route: HostRoute }>
  | Readonly<{ kind: 'redirect'; location: string }>
  /** `close`: the client cannot be trusted with another request on this connection. */
  | Readonly<{ kind: 'problem'; problem: Problem; close: boolean }>;

/** Matches request line and Host header to the host's route. Sets what the exchange learns on the way. */
export function matchHost(exchange: Exchange, routes: HostRoutes): HostMatch {
  const address = addressOf(exchange.req);
  if (address.kind === 'refused')
    return { kind: 'problem', problem: badRequest(address.reason, address.status), close: true };
  exchange.host = address.host;
  const route = routes.find(address.header);
  if (route === undefined) return { kind: 'problem', problem: unknownHost(exchange.host), close: false };
  exchange.deploymentId = route.deploymentId;
  if (address.target === undefined) return { kind: 'redirect', location: address.redirect };
  exchange.target = address.target;
  return { kind: 'route', route };
}

/** Parses request line and Host header, once per head. */
export const addressOf = (req: RequestHead): Address => (req.address ??= parseAddress(req));

function parseAddress(req: RequestHead): Address {
  if (req.httpVersionMajor !== 1 && req.http2 !== true)
    return refused('Only HTTP/1.0, HTTP/1.1 and HTTP/2 are supported.', 505);
  const parsed = parseTarget(req.url ?? '');
  if (parsed.kind === 'refused') return refused(parsed.reason, parsed.status);
  const encoding = req.headers['transfer-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'chunked')
    return refused('The only supported transfer coding is "chunked".');
  const hosts = hostHeaders(req.rawHeaders);
  if (hosts > 1) return refused('The request has more than one Host header.');
  if (hosts === 0 && !isHttp10(req)) return refused('The request has no Host header.');
  const header = (parsed.kind === 'ok' ? parsed.target.authority : undefined) ?? req.headers.host ?? '';
  const host = header.replace(/:\d+$/, '').toLowerCase().slice(0, 260);
  return parsed.kind === 'ok'
    ? { kind: 'ok', header, host, target: parsed.target, redirect: '' }
    : { kind: 'ok', header, host, target: undefined, redirect: parsed.location };
}

const refused = (reason: string, status = 400): Address => ({ kind: 'refused', reason, status });

function hostHeaders(raw: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i];
    if (name !== undefined && name.length === 4 && name.toLowerCase() === 'host') count++;
  }
  return count;
}
