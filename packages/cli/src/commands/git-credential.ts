import { command, success } from '../framework/command.ts';
import { readCredentials } from '../framework/credentials.ts';
import { originOf } from '../framework/origin.ts';

export const gitCredential = command({
  name: 'git-credential',
  summary: 'Print the token of a platform for git (called by git)',
  details: 'anchor init and anchor link set it up; see gitcredentials(7).',
  arguments: [{ name: 'operation', help: 'get, store or erase' }],
  hidden: true,
  examples: ["git config credential.http://127.0.0.1:7400.helper '!anchor git-credential'"],
  async run(context, { operation }) {
    let text = '';
    for await (const chunk of context.stdin) text += String(chunk);
    if (operation !== 'get') return success(undefined);
    const fields = new Map(
      text
        .split('\n')
        .map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    const origin = originOf(`${fields.get('protocol') ?? ''}://${fields.get('host') ?? ''}`);
    const credentials = await readCredentials(context.environment.credentialsFile);
    if (!origin.ok || !credentials.ok) return success(undefined);
    const named = context.environment.url === undefined ? undefined : originOf(context.environment.url);
    // ANCHOR_TOKEN belongs to ANCHOR_URL alone: a token never goes to an address that it was not given for
    const fromEnvironment = named?.ok === true && named.value === origin.value ? context.environment.token : undefined;
    const token = fromEnvironment ?? credentials.value.tokens[origin.value];
    return token === undefined ? success(undefined) : success(undefined, 'username=anchor', `password=${token}`);
  },
});
