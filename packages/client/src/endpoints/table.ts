import { flatten } from './endpoint.ts';
import { audit } from './audit.ts';
import { deliveries, deployments } from './deployments.ts';
import { certificates, domains } from './domains.ts';
import { metrics } from './metrics.ts';
import { invitations, people, sessions, teams } from './people.ts';
import { deadLetters, platform, tokens } from './platform.ts';
import { aliases, environments, projects, variables } from './projects.ts';

/** The API, whole: noun → verb → endpoint. */
export const api = {
  projects,
  environments,
  variables,
  aliases,
  domains,
  certificates,
  deployments,
  deliveries,
  tokens,
  audit,
  sessions,
  people,
  teams,
  invitations,
  deadLetters,
  metrics,
  platform,
} as const;
export type Api = typeof api;

/** Every endpoint as a list, with dotted names. */
export const endpoints = flatten(api);
