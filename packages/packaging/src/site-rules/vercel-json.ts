import { posix } from 'node:path';
import { z } from 'zod';
import { describeIssue } from '@anchor/core/result/issue.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { readInTree, resolveInTree } from '../checkout/checkout-fs.ts';

/** A condition's value may also be written as `{ "eq": … }`; other operators are refused by the schema. */
const value = z.union([z.string(), z.strictObject({ eq: z.string() }).transform(({ eq }) => eq)]);
const condition = z.union([
  z.strictObject({ type: z.enum(['header', 'cookie', 'query']), key: z.string().min(1), value: value.optional() }),
  z.strictObject({ type: z.literal('host'), value }),
]);
const conditions = { has: z.array(condition).max(16).optional(), missing: z.array(condition).max(16).optional() };
const source = z.string().startsWith('/').max(4096);
const destination = z.string().min(1).max(4096);

const vercelJson = z.object({
  cleanUrls: z.boolean().optional(),
  trailingSlash: z.boolean().optional(),
  redirects: z
    .array(
      z.object({
        source,
        destination,
        permanent: z.boolean().optional(),
        statusCode: z.union([301, 302, 303, 307, 308].map((status) => z.literal(status))).optional(),
        ...conditions,
      }),
    )
    .max(2_048)
    .optional(),
  rewrites: z
    .array(z.object({ source, destination, ...conditions }))
    .max(2_048)
    .optional(),
  headers: z
    .array(
      z.object({
        source,
        headers: z.array(z.object({ key: z.string().min(1).max(256), value: z.string().max(8_192) })).max(64),
        ...conditions,
      }),
    )
    .max(2_048)
    .optional(),
});

/** The parts of `vercel.json` that say how a static site is served. */
export type VercelJson = z.infer<typeof vercelJson>;

const MAX_BYTES = 512 << 10;

/** Reads `vercel.json` of a project's folder; undefined when there is none. */
export async function readVercelJson(root: string, project: string): Promise<Result<VercelJson | undefined>> {
  const path = posix.join(project, 'vercel.json');
  const refused = (cause: string) =>
    fail('output_refused', 'vercel.json cannot be used', 'Correct it, commit it, and push again.', cause);
  const text = await readInTree(root, path, MAX_BYTES);
  if (text === undefined) {
    // A site must not lose its redirects and headers without a word.
    const found = await resolveInTree(root, path);
    return found?.kind === 'file' ? refused(`It is larger than ${MAX_BYTES >> 10} KiB.`) : ok(undefined);
  }
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
  const parsed = vercelJson.safeParse(json);
  return parsed.success
    ? ok(parsed.data)
    : refused(
        parsed.error.issues
          .slice(0, 3)
          .map((issue) => describeIssue(issue))
          .join('; '),
      );
}
