import { command, success } from '../framework/command.ts';
import { table } from '../output/table.ts';

const day = (at: number): string => new Date(at).toISOString().slice(0, 10);

export const certificatesList = command({
  name: 'certificates list',
  summary: "List the certificates of a project's domains",
  options: { all: { kind: 'flag', help: 'every certificate of the platform; needs a token of the whole platform' } },
  project: true,
  examples: ['anchor certificates list', 'anchor certificates list --all --json'],
  async run(context, { all }) {
    const client = await context.client();
    if (!client.ok) return client;
    const project = all ? { ok: true as const, value: '' } : await context.project();
    if (!project.ok) return project;
    const options = { signal: context.signal };
    const listed = all
      ? await client.value.certificates.all({}, options)
      : await client.value.certificates.list({ project: project.value }, options);
    if (!listed.ok) return listed;
    const { safe } = context.out;
    const rows = listed.value.items.map((item) => [
      safe(item.names.join(' ')),
      safe(item.issuer),
      day(item.notAfter),
      item.renewAt === undefined ? 'by upload' : day(item.renewAt),
      safe(item.warning ?? ''),
    ]);
    return success(
      listed.value,
      ...(rows.length === 0
        ? ['No certificates.']
        : table(['names', 'issuer', 'valid until', 'renewal', 'warning'], rows)),
    );
  },
});
