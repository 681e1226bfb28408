import type { DnsFault } from '@anchor/core/ports/dns-lookup.ts';
import type { DnsMessage, Question } from '../wire/message.ts';
import type { Budget } from './budget.ts';
import { faultOf } from './walk-failure.ts';
import type { Zone } from './zone.ts';
import type { ZoneWalk } from './zone-walk.ts';

export type ServerResponse = Readonly<{ server: string; message: DnsMessage }>;
export type ServerResponses = Readonly<{ responses: readonly ServerResponse[]; faults: readonly DnsFault[] }>;

/** Queries every authoritative server of a zone at the same time. */
export async function queryAll(
  walk: ZoneWalk,
  zone: Zone,
  question: Question,
  budget: Budget,
): Promise<ServerResponses> {
  const responses: ServerResponse[] = [];
  const faults: DnsFault[] = [];
  const queries = zone.servers.map(async (server) => {
    const response = await walk.queryServer(zone, server, question, budget);
    if (response.ok) responses.push({ server: server.host, message: response.value });
    else faults.push(faultOf(response.error));
  });
  await Promise.all(queries);
  return { responses, faults };
}

/** Returns the values of the TXT records of `name`, each with its strings joined. */
export const txtValues = (message: DnsMessage, name: string): readonly string[] =>
  message.records.flatMap((record) =>
    record.type === 'TXT' && record.name === name
      ? [Buffer.concat([record.data].flat().map((part) => Buffer.from(part))).toString()]
      : [],
  );
