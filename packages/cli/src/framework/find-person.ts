import { allPages } from '@anchor/client/http/all-pages.ts';
import type { Client } from '@anchor/client/http/client.ts';
import type { ApiResult } from '@anchor/client/http/result.ts';
import type { Person } from '@anchor/client/schemas/people.ts';
import { commandError } from './problem.ts';

/** Finds a person of the platform by address or id. */
export async function findPerson(client: Client, wanted: string, signal: AbortSignal): Promise<ApiResult<Person>> {
  for await (const person of allPages((cursor) => client.people.list({ limit: 100, cursor }, { signal }))) {
    if (!person.ok) return person;
    const { id, email } = person.value;
    if (email === wanted.toLowerCase() || id === wanted) return { ok: true, value: person.value };
  }
  return commandError('not_found', `${wanted.slice(0, 100)} has no account.`, 'List members: anchor people list');
}
