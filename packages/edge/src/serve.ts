import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { HostRoute } from '@anchor/core/ports/route-table.ts';
import { withHeaders, type Asset, type Part } from './assets/asset.ts';
import type { AssetSender } from './assets/send.ts';
import { decide, earlier, type Choice, type DecideDeps } from './decide.ts';
import type { Exchange } from './exchange.ts';
import type { Target } from './http/target.ts';
import type { Problem } from './pages/error-page.ts';
import { internal, notFound } from './pages/problems.ts';
import type { Headers } from './routing/plan.ts';
import type { Site } from './sites/site.ts';

export type ServeDeps<E extends Exchange = Exchange> = DecideDeps & Readonly<{
  sender: AssetSender;
  problem(exchange: Exchange, problem: Problem, headers?: readonly string[]): void;
  redirect(exchange: Exchange, status: number, location: string, headers: Headers): void;
  toFunction(visit: Visit<E>): void;
  /** Told of what was sent of what is stored. */
  sent?(visit: Visit<E>, choice: Extract<Choice, { kind: 'asset' }>): void;
  /** Sends the shell, and after it what the function renders from `postponed`. */
  inParts(visit: Visit<E>, shell: Asset, postponed: Part): void;
}>;

/** Everything known of a request once its deployment is chosen. */
export type Visit<E extends Exchange = Exchange> = Readonly<{ exchange: E; route: HostRoute; site: Site; deploymentId: DeploymentId; target: Target }>;

/** Acts on what was decided. */
export function serve<E extends Exchange>(deps: ServeDeps<E>, visit: Visit<E>): void {
  act(deps, visit, decide(deps, visit));
}

function act<E extends Exchange>(deps: ServeDeps<E>, visit: Visit<E>, choice: Choice): void {
  const { exchange } = visit;
  switch (choice.kind) {
    case 'asset':
      deps.sender.send(exchange, choice.asset);
      return deps.sent?.(visit, choice);
    case 'partial':
      return deps.inParts(visit, choice.shell, choice.postponed);
    case 'redirect':
      return deps.redirect(exchange, choice.status, choice.location, choice.headers);
    case 'function':
      return deps.toFunction(visit);
    case 'problem':
      return deps.problem(exchange, choice.problem, choice.headers);
    case 'later':
      return void choice.choice.then((known) => act(deps, visit, known)).catch(() => deps.problem(exchange, internal()));
  }
}

/** The function's instruction to answer with a file of the manifest: rewrites and middleware that end on one. */
export function serveInstead<E extends Exchange>(deps: ServeDeps<E>, visit: Visit<E>, encoded: string, status: number, own: readonly string[]): void {
  const { exchange, site } = visit;
  const path = decoded(encoded);
  const asset = site.files.get(path) ?? site.pages.get(path)?.asset;
  if (asset !== undefined) return sendDressed(deps, exchange, asset, status, own);
  if (visit.route.earlier.length === 0 || !site.mayBeHashed(path)) return deps.problem(exchange, notFound(path));
  void earlier(deps, visit, path)
    .then((before) => (before === undefined ? deps.problem(exchange, notFound(path)) : sendDressed(deps, exchange, before, status, own)))
    .catch(() => deps.problem(exchange, internal()));
}

/** `own`: the function's headers, which the file's answer gets too. */
function sendDressed(deps: Pick<ServeDeps, 'sender'>, exchange: Exchange, asset: Asset, status: number, own: readonly string[]): void {
  const headers: [string, string][] = [];
  const cookies: string[] = [];
  for (let i = 0; i < own.length; i += 2) {
    const name = (own[i] ?? '').toLowerCase();
    if (name === 'set-cookie') cookies.push(own[i + 1] ?? '');
    else if (!name.startsWith('content-') || name.startsWith('content-security')) headers.push([name, own[i + 1] ?? '']);
  }
  const dressed = withHeaders(asset, headers, status === 200 ? asset.status : status);
  deps.sender.send(exchange, dressed, cookies.flatMap((cookie) => ['set-cookie', cookie]));
}

/** The path comes as `encodeURI` wrote it, since a header holds no other letters. */
function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
