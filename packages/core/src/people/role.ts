/** What a person may do, the largest first: each role may do what the smaller ones may. */
export const ROLES = ['owner', 'admin', 'developer', 'viewer'] as const;
/**
 * `owner` also gives away the team and administers the platform; `admin` also changes settings, domains, members and
 * tokens; `developer` also deploys and sets variables; `viewer` reads, but no values of variables.
 */
export type Role = (typeof ROLES)[number];

const RANK: Readonly<Record<Role, number>> = { viewer: 1, developer: 2, admin: 3, owner: 4 };

/** Returns whether a role includes another. No role includes none. */
export const includes = (held: Role | undefined, needed: Role): boolean =>
  held !== undefined && RANK[held] >= RANK[needed];

/** Returns the larger of two roles. */
export const larger = (a: Role | undefined, b: Role | undefined): Role | undefined =>
  a === undefined || (b !== undefined && RANK[b] > RANK[a]) ? b : a;
