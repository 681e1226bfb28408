import { z } from 'zod';

type Kind = 'boolean' | 'number' | 'text';

/**
 * Reads a query string as the schema's types: `?limit=5&reveal=1`. What is no number or boolean stays text, for the
 * schema to refuse.
 */
export function queryDecoder(schema: z.ZodObject): (search: URLSearchParams) => Record<string, unknown> {
  const kinds = new Map(Object.entries(schema.shape).map(([name, field]) => [name, kindOf(field as z.ZodType)]));
  return (search) => {
    const values: Record<string, unknown> = {};
    for (const [name, text] of search) values[name] = decode(kinds.get(name), text);
    return values;
  };
}

function kindOf(field: z.ZodType): Kind {
  const { type } = z.toJSONSchema(field, { io: 'input', unrepresentable: 'any' });
  return type === 'boolean' ? 'boolean' : type === 'integer' || type === 'number' ? 'number' : 'text';
}

function decode(kind: Kind | undefined, text: string): unknown {
  if (kind === 'boolean')
    return text === '' || text === '1' || text === 'true' ? true : text === '0' || text === 'false' ? false : text;
  if (kind === 'number') return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
  return text;
}
