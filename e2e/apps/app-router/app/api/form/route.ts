import { createHash } from 'node:crypto';

export async function POST(request: Request) {
  const form = await request.formData();
  const fields: [string, unknown][] = [];
  for (const [name, value] of form) {
    fields.push([name, typeof value === 'string' ? value : { name: value.name, type: value.type, size: value.size, sha256: createHash('sha256').update(await value.bytes()).digest('hex') }]);
  }
  return Response.json(fields);
}
