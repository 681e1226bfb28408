// The API's own types of the same nouns that core has, under one name so that the two are not mixed up.
export type { Alias } from '@anchor/client/schemas/alias.ts';
export type { AuditEntry } from '@anchor/client/schemas/audit.ts';
export type { Certificate } from '@anchor/client/schemas/certificate.ts';
export type { Delivery } from '@anchor/client/schemas/delivery.ts';
export type { Deployment } from '@anchor/client/schemas/deployment.ts';
export type { Domain } from '@anchor/client/schemas/domain.ts';
export type { Environment, Variable } from '@anchor/client/schemas/environment.ts';
export type { LogEvent, LogLine } from '@anchor/client/schemas/log-line.ts';
export type { DeadLetter } from '@anchor/client/schemas/platform.ts';
export type {
  Caller,
  Invitation,
  Person,
  Session,
  SignedIn,
  Team,
  TeamWithMembers,
} from '@anchor/client/schemas/people.ts';
export type { Project } from '@anchor/client/schemas/project.ts';
export type { Token } from '@anchor/client/schemas/token.ts';
