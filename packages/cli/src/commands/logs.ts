import { logLevel, type LogLine } from '@anchor/client/schemas/log-line.ts';
import { command, success } from '../framework/command.ts';
import { namedOrNewest } from '../framework/find-deployment.ts';
import { commandError } from '../framework/problem.ts';
import type { Output } from '../output/output.ts';

const PAGE = 5000;

export const logs = command({
  name: 'logs',
  summary: 'Show build or runtime logs, or follow them',
  details: 'With --json each log line is printed as one line of JSON.',
  arguments: [{ name: 'deployment', help: "id, short id or address (default: the project's newest)", optional: true }],
  options: {
    follow: { kind: 'flag', short: 'f', help: 'follow the log' },
    build: { kind: 'flag', help: 'the build log (default)' },
    run: { kind: 'flag', help: 'the runtime log of the application' },
    level: { kind: 'text', value: 'level', help: 'this level and above: debug, info, warn, error' },
    request: { kind: 'text', value: 'id', help: 'only lines of this request (its x-request-id)' },
    text: { kind: 'text', value: 'words', help: 'only lines that contain this text' },
    time: { kind: 'flag', help: 'show the time of each line' },
  },
  project: true,
  examples: [
    'anchor logs -f',
    'anchor logs --run -f --level warn',
    'anchor logs 3k9x2m1qz --run --request 01HZ…',
    'anchor logs --json | jq -r .text',
  ],
  async run(context, { deployment, follow, build, run, level, request, text, time }) {
    const wanted = logLevel.optional().safeParse(level);
    if (!wanted.success)
      return commandError('usage', `"${level ?? ''}" is not a level.`, `Use one of ${logLevel.options.join(', ')}.`);
    if (build && run) return commandError('usage', '--build and --run select different logs.', 'Use one of them.');
    const client = await context.client();
    if (!client.ok) return client;
    const found = await namedOrNewest(context, client.value, deployment);
    if (!found.ok) return found;
    const filter = {
      deployment: found.value.id,
      kind: run ? 'run' : 'build',
      level: wanted.data,
      requestId: request,
      text,
    } as const;
    const options = { signal: context.signal };
    if (follow) {
      for await (const event of client.value.deployments.logs.follow(filter, options)) {
        if (!event.ok) return event.problem.code === 'aborted' ? success(undefined) : event;
        if (event.value.type === 'line') print(context.out, event.value.line, time);
      }
      return success(undefined);
    }
    for (let after = 0; ;) {
      const page = await client.value.deployments.logs.list({ ...filter, after, limit: PAGE }, options);
      if (!page.ok) return page;
      for (const line of page.value.items) print(context.out, line, time);
      if (page.value.cursor === undefined) return success(undefined);
      after = Number(page.value.cursor);
    }
  },
});

function print({ json, line: write, color, safe }: Output, line: LogLine, time: boolean): void {
  if (json) return write(JSON.stringify(line));
  const stamp = time ? `${color.dim(new Date(line.at).toISOString())} ` : '';
  const request = line.requestId === undefined ? '' : `${color.dim(safe(line.requestId.slice(0, 8)))} `;
  const text = safe(line.text);
  write(
    `${stamp}${request}${line.level === 'error' ? color.red(text) : line.level === 'warn' ? color.yellow(text) : text}`,
  );
}
