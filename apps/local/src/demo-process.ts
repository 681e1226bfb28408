import { readAdminToken } from './admin-token.ts';
import { runDemo } from './demo.ts';
import { settingsFromEnv } from './settings.ts';

/**
 * Shows or makes the demo and ends: the supervisor, which stays for months, need not hold the client that this takes.
 */
async function main(): Promise<number> {
  const settings = settingsFromEnv(process.env);
  const apiUrl = `http://${settings.host === '0.0.0.0' ? '127.0.0.1' : settings.host}:${settings.apiPort}`;
  const outcome = await runDemo({
    apiUrl,
    edgePort: settings.edgePort,
    httpsPort: settings.httpsPort,
    domain: settings.domain,
    token: readAdminToken(settings.data),
    data: settings.data,
    create: process.env['ANCHOR_DEMO'] === '1',
  });
  if (outcome.ok) return 0;
  console.error(
    `✗ ${outcome.error.message}${outcome.error.cause === undefined ? '' : `\n  why: ${outcome.error.cause}`}\n  fix: ${outcome.error.fix}`,
  );
  return 1;
}

// Loaded only to fill the compile cache, see precompile.ts.
if (process.env['ANCHOR_PRECOMPILE'] !== '1') process.exitCode = await main();
