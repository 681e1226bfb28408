import { existsSync } from 'node:fs';
import { createClient, type Client } from '@anchor/client/http/client.ts';
import { git } from '../folder/git.ts';
import { readLink } from '../folder/link.ts';
import { command } from '../framework/command.ts';
import type { Context } from '../framework/context.ts';
import { DEFAULT_URL } from '../framework/context.ts';

type Check = Readonly<{ name: string; ok: boolean; message: string; fix?: string | undefined }>;

export const doctor = command({
  name: 'doctor',
  summary: 'Check the local setup and the platform',
  details: 'Exits with 1 when a check fails.',
  examples: ['anchor doctor', 'anchor doctor --json | jq .checks'],
  async run(context) {
    const checks = [...(await here(context)), ...(await there(context))];
    const { color, safe } = context.out;
    const ok = checks.every((check) => check.ok);
    const text = checks.flatMap((check) => [
      `${check.ok ? color.green('✓') : color.red('✗')} ${safe(check.name)}: ${safe(check.message)}`,
      ...(check.fix === undefined || check.ok ? [] : [`  fix: ${safe(check.fix)}`]),
    ]);
    return {
      ok: true,
      value: { data: { ok, checks }, text: [...text, '', ok ? 'All checks passed.' : failedText(checks)], failed: !ok },
    };
  },
});

/** Returns how many checks failed; the reason and fix of each are above. */
function failedText(checks: readonly Check[]): string {
  const failed = checks.filter((check) => !check.ok).length;
  return failed === 1 ? '1 check failed.' : `${failed} checks failed.`;
}

async function here(context: Context): Promise<readonly Check[]> {
  const version = await git(context.directory, ['--version']);
  const link = await readLink(context.directory);
  return [
    { name: 'node', ok: true, message: process.version },
    {
      name: 'git',
      ok: version.ok,
      message: version.ok ? version.stdout.replace('git version ', '') : 'not found',
      fix: 'Install git: it is needed for "git push anchor".',
    },
    link.ok
      ? {
          name: 'folder',
          ok: true,
          message:
            link.value === undefined
              ? 'not linked to a project'
              : `linked to ${link.value.project} at ${link.value.url}`,
        }
      : { name: 'folder', ok: false, message: link.problem.detail, fix: link.problem.fix },
    {
      name: 'credentials',
      ok: true,
      message: existsSync(context.environment.credentialsFile)
        ? context.environment.credentialsFile
        : context.environment.token === undefined
          ? 'none'
          : 'ANCHOR_TOKEN',
    },
  ];
}

async function there(context: Context): Promise<readonly Check[]> {
  const session = await context.session();
  const url = session.ok ? session.value.url : (context.environment.url ?? DEFAULT_URL);
  const health = await createClient({ baseUrl: url }).platform.health({}, { signal: context.signal });
  const reachable: Check = health.ok
    ? { name: 'platform', ok: true, message: `${url}, version ${health.value.version}` }
    : {
        name: 'platform',
        ok: false,
        message: health.problem.detail,
        fix:
          health.problem.code === 'unreachable'
            ? 'Start it (./up), or name its address: anchor login <address>'
            : health.problem.fix,
      };
  if (!health.ok) return [reachable];
  if (!session.ok)
    return [reachable, { name: 'token', ok: false, message: session.problem.detail, fix: session.problem.fix }];
  const client = createClient({ baseUrl: url, token: session.value.token });
  const caller = await client.people.current({}, { signal: context.signal });
  if (!caller.ok)
    return [reachable, { name: 'token', ok: false, message: caller.problem.detail, fix: caller.problem.fix }];
  const status = await client.platform.status({}, { signal: context.signal });
  const records = await failedRecords(client, context);
  return [
    reachable,
    caller.value.kind === 'token'
      ? { name: 'token', ok: true, message: `${caller.value.token.name} (${caller.value.token.scope})` }
      : { name: 'session', ok: true, message: caller.value.person.email },
    ...(status.ok
      ? status.value.checks
      : [{ name: 'status', ok: false, message: status.problem.detail, fix: status.problem.fix }]),
    ...records,
  ];
}

/** Lists failed records, each with the command that retries or drops it. Only owners of the platform see them. */
async function failedRecords(client: Client, context: Context): Promise<readonly Check[]> {
  const page = await client.deadLetters.records.list({ limit: 100 }, { signal: context.signal });
  if (!page.ok) return [];
  return page.value.items.map(({ kind, id, project, tries, why, since }) => ({
    name: `${kind}:${id}`,
    ok: false,
    message: `${project === undefined ? '' : `of ${project}, `}failed ${tries === 1 ? 'once' : `${tries} times`} since ${new Date(since).toISOString()}: ${why}`,
    fix: `anchor dead-letters revive ${kind}:${id}, or give it up: anchor dead-letters drop ${kind}:${id} --yes`,
  }));
}
