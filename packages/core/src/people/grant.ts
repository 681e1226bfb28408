import type { ProjectId } from '../names/id.ts';
import type { Role } from './role.ts';

/** The roles that a member has, or an invitation gives: for all projects of the team, and for single ones. */
export type Grant = Readonly<{ role?: Role; projects: Readonly<Record<ProjectId, Role>> }>;
