import { homedir } from 'node:os';
import { join } from 'node:path';

/** The command line's environment. The only file of this package that reads environment variables. */
export type Environment = Readonly<{
  /** Token and address that win over the credentials file, for continuous integration. */
  token?: string;
  url?: string;
  project?: string;
  credentialsFile: string;
  /** NO_COLOR is set, or the terminal cannot show colors. */
  plain: boolean;
  ci: boolean;
}>;

export function readEnvironment(env: Readonly<Record<string, string | undefined>> = process.env): Environment {
  const set = (name: string): string | undefined =>
    env[name] === undefined || env[name] === '' ? undefined : env[name];
  const token = set('ANCHOR_TOKEN');
  const url = set('ANCHOR_URL');
  const project = set('ANCHOR_PROJECT');
  return {
    ...(token === undefined ? {} : { token: token.trim() }),
    ...(url === undefined ? {} : { url }),
    ...(project === undefined ? {} : { project }),
    credentialsFile: join(
      set('XDG_CONFIG_HOME') ?? join(set('HOME') ?? homedir(), '.config'),
      'anchor',
      'credentials.json',
    ),
    plain: set('NO_COLOR') !== undefined || set('TERM') === 'dumb',
    ci: set('CI') !== undefined,
  };
}
