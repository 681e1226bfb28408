import type { Scope } from '@anchor/client/endpoints/endpoint.ts';
import type { TokenScope } from '@anchor/core/tokens/token.ts';

const RANK: Readonly<Record<Scope, number>> = { none: 0, read: 1, deploy: 2, admin: 3 };

/** Returns whether a scope includes another: each may do what the smaller ones may. */
export const allows = (held: TokenScope, needed: Scope): boolean => RANK[held] >= RANK[needed];
