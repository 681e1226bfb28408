import { z } from 'zod';
import { identifierSchema } from './identifier.ts';

const URN = 'urn:ietf:params:acme:error:';

/** The types of RFC 8555, section 6.7, RFC 9773 and the profiles draft that a client treats in a way of their own. */
export type ProblemType = string;

const subproblemSchema = z.object({
  type: z.string().max(200).default('about:blank').transform(shortType),
  detail: z.string().max(4000).default(''),
  identifier: identifierSchema.optional(),
});

/** A problem document (RFC 9457) of a CA, with the URN's prefix cut from its type: "rateLimited". */
export const problemSchema = subproblemSchema.extend({
  subproblems: z.array(subproblemSchema).max(200).default([]),
});
export type Problem = Readonly<z.infer<typeof problemSchema>>;

function shortType(type: string): ProblemType {
  return type.startsWith(URN) ? type.slice(URN.length) : type;
}

/** Returns what a problem says, with the subproblem of each name: a text for a user. */
export function describeProblem({ type, detail, subproblems }: Problem): string {
  const parts = subproblems.map((each) =>
    each.identifier === undefined ? each.detail : `${each.identifier.value}: ${each.detail}`,
  );
  return [`${detail === '' ? 'No detail was given' : detail} (${type})`, ...parts].join('; ');
}
