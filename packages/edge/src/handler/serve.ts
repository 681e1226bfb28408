import type { RoutedRequest } from '../routing/routed-request.ts';
import { withHeaders, type Asset, type Part } from '../static/asset.ts';
import type { AssetSender } from '../static/asset-sender.ts';
import { resolveRequest, findInPreviousDeployments } from './resolve.ts';
import type { Resolution, ResolveDeps } from './resolution.ts';
import type { Exchange } from '../http1/transport.ts';
import type { Problem } from '../error-pages/error-page.ts';
import { internal, notFound } from '../error-pages/problems.ts';
import type { Headers } from '../http/headers.ts';

export type ServeDeps<E extends Exchange = Exchange> = ResolveDeps &
  Readonly<{
    sender: AssetSender;
    problem(exchange: Exchange, problem: Problem, headers?: readonly string[]): void;
    redirect(exchange: Exchange, status: number, location: string, headers: Headers): void;
    toFunction(routed: RoutedRequest<E>): void;
    /** Runs after a stored file or page was sent. */
    onStoredSent?(routed: RoutedRequest<E>, resolution: Extract<Resolution, { kind: 'asset' }>): void;
    /** Sends the shell, and after it what the function renders from `postponed`. */
    resume(routed: RoutedRequest<E>, shell: Asset, postponed: Part): void;
  }>;

/** Resolves a request and acts on the result. */
export function serve<E extends Exchange>(deps: ServeDeps<E>, routed: RoutedRequest<E>): void {
  dispatch(deps, routed, resolveRequest(deps, routed));
}

function dispatch<E extends Exchange>(deps: ServeDeps<E>, routed: RoutedRequest<E>, resolution: Resolution): void {
  const { exchange } = routed;
  switch (resolution.kind) {
    case 'asset':
      deps.sender.send(exchange, resolution.asset);
      return deps.onStoredSent?.(routed, resolution);
    case 'partial':
      return deps.resume(routed, resolution.shell, resolution.postponed);
    case 'redirect':
      return deps.redirect(exchange, resolution.status, resolution.location, resolution.headers);
    case 'function':
      return deps.toFunction(routed);
    case 'problem':
      return deps.problem(exchange, resolution.problem, resolution.headers);
    case 'pending':
      return void resolution.choice
        .then((known) => dispatch(deps, routed, known))
        .catch(() => deps.problem(exchange, internal()));
  }
}

/**
 * Serves a file of the manifest in place of the function's body: the function's rewrites and middleware ended on one.
 */
export function serveRewrittenFile(
  deps: Pick<ServeDeps, 'sites' | 'sender' | 'problem'>,
  routed: RoutedRequest,
  encoded: string,
  status: number,
  own: readonly string[],
): void {
  const { exchange, site } = routed;
  const path = decoded(encoded);
  const asset = site.files.get(path) ?? site.pages.get(path)?.asset;
  if (asset !== undefined) return sendWithFunctionHeaders(deps, exchange, asset, status, own);
  if (routed.route.previous.length === 0 || !site.mayBeImmutableAsset(path))
    return deps.problem(exchange, notFound(path));
  void findInPreviousDeployments(deps, routed, path)
    .then((before) =>
      before === undefined
        ? deps.problem(exchange, notFound(path))
        : sendWithFunctionHeaders(deps, exchange, before, status, own),
    )
    .catch(() => deps.problem(exchange, internal()));
}

/** Sends the file with the function's headers, `own`, added to its own. */
function sendWithFunctionHeaders(
  deps: Pick<ServeDeps, 'sender'>,
  exchange: Exchange,
  asset: Asset,
  status: number,
  own: readonly string[],
): void {
  const headers: [string, string][] = [];
  const cookies: string[] = [];
  for (let i = 0; i < own.length; i += 2) {
    const name = (own[i] ?? '').toLowerCase();
    if (name === 'set-cookie') cookies.push(own[i + 1] ?? '');
    else if (!name.startsWith('content-') || name.startsWith('content-security'))
      headers.push([name, own[i + 1] ?? '']);
  }
  const dressed = withHeaders(asset, headers, status === 200 ? asset.status : status);
  deps.sender.send(
    exchange,
    dressed,
    cookies.flatMap((cookie) => ['set-cookie', cookie]),
  );
}

/** Decodes a path that `encodeURI` wrote, since a header holds no other characters. */
function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
