import { logLevel, type LogLine } from '@anchor/client/schemas/log-line.ts';
import { command, done } from '../framework/command.ts';
import { namedOrNewest } from '../framework/find-deployment.ts';
import { refuse } from '../framework/problem.ts';
import type { Output } from '../output/output.ts';

const PAGE = 5000;

export const logs = command({
  name: 'logs',
  summary: 'Show build or run-time logs, or follow them',
  details: 'With --json one line of JSON is printed a line of log.',
  arguments: [{ name: 'deployment', help: "id, short id or address (default: the project's newest)", optional: true }],
  options: {
    follow: { kind: 'flag', short: 'f', help: 'go on with the lines that come' },
    build: { kind: 'flag', help: 'the build log (default)' },
    run: { kind: 'flag', help: 'what the application writes while it runs' },
    level: { kind: 'text', value: 'level', help: 'this level and above: debug, info, warn, error' },
    request: { kind: 'text', value: 'id', help: 'only lines of this request (its x-request-id)' },
    text: { kind: 'text', value: 'words', help: 'only lines that hold these words' },
    time: { kind: 'flag', help: 'show the time of each line' },
  },
  project: true,
  examples: ['anchor logs -f', 'anchor logs --run -f --level warn', 'anchor logs 3k9x2m1qz --run --request 01HZ…', 'anchor logs --json | jq -r .text'],
  async run(context, { deployment, follow, build, run, level, request, text, time }) {
    const wanted = logLevel.optional().safeParse(level);
    if (!wanted.success) return refuse('usage', `"${level ?? ''}" is not a level.`, `Use one of ${logLevel.options.join(', ')}.`);
    if (build && run) return refuse('usage', '--build and --run are two logs.', 'Ask for one of them.');
    const client = await context.client();
    if (!client.ok) return client;
    const found = await namedOrNewest(context, client.value, deployment);
    if (!found.ok) return found;
    const filter = { deployment: found.value.id, kind: run ? 'run' : 'build', level: wanted.data, requestId: request, text } as const;
    const options = { signal: context.signal };
    if (follow) {
      for await (const event of client.value.deployments.logs.follow(filter, options)) {
        if (!event.ok) return event.problem.code === 'aborted' ? done(undefined) : event;
        if (event.value.type === 'line') print(context.out, event.value.line, time);
      }
      return done(undefined);
    }
    for (let after = 0; ;) {
      const page = await client.value.deployments.logs.list({ ...filter, after, limit: PAGE }, options);
      if (!page.ok) return page;
      for (const line of page.value.items) print(context.out, line, time);
      const last = page.value.items.at(-1);
      if (last === undefined || page.value.items.length < PAGE) return done(undefined);
      after = last.n;
    }
  },
});

function print({ json, line: write, color, safe }: Output, line: LogLine, time: boolean): void {
  if (json) return write(JSON.stringify(line));
  const stamp = time ? `${color.dim(new Date(line.at).toISOString())} ` : '';
  const request = line.requestId === undefined ? '' : `${color.dim(safe(line.requestId.slice(0, 8)))} `;
  const text = safe(line.text);
  write(`${stamp}${request}${line.level === 'error' ? color.red(text) : line.level === 'warn' ? color.yellow(text) : text}`);
}
