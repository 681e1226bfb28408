import { ok, type Result } from '@anchor/core/result/result.ts';
import type { Facts } from './facts.ts';
import type { Plan } from './plan.ts';
import { shellCommands } from './shell-commands.ts';
import { parseStartCommand } from './start-command.ts';
import type { ResolvedStart } from './resolved-start.ts';

export function nextPlan(
  { build, plan, start, listing: { settings, customServer } }: Facts,
  because: string,
): Result<Plan> {
  const shell = build ?? { shell: 'next build' };
  // A start command that is not Next's own means a server of the project's own; the framework's setting means none.
  const own = settings.startCommand;
  if (own !== undefined && !/^(?:npx\s+)?next\s+start\b/.test(own.trim()))
    return ok({
      ...plan('node', { kind: 'server', start: parseStartCommand(own) }, 'a start command is set'),
      build: shell,
    });
  const declared = own === undefined && settings.framework === undefined ? start : undefined;
  if (declared !== undefined && customServer !== undefined) {
    const builds = build === undefined && declared.builds.length > 0 ? { shell: declared.builds.join(' && ') } : shell;
    return ok({
      ...plan(
        'node',
        { kind: 'server', start: declared.command },
        `${customServer} runs Next.js inside a server of its own`,
        { notes: [CUSTOM_SERVER] },
      ),
      build: builds,
    });
  }
  const notes = declared === undefined ? [] : notRun(declared);
  return ok({ ...plan('nextjs', { kind: 'next' }, because), build: shell, ...(notes.length === 0 ? {} : { notes }) });
}

/**
 * Returns a note on a start script that does more than `next start` (migrations, a worker, a server that does not load
 * Next.js): Next.js is served without it.
 */
function notRun({ role, command }: ResolvedStart): readonly string[] {
  const text = command.kind === 'shell' ? command.script : command.argv.join(' ');
  const more = role === 'server' || (role === 'tool' && (shellCommands(text) ?? []).length > 1);
  if (!more || /standalone\/server\.js/.test(text)) return [];
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return [
    `The start script is not run, since the platform serves Next.js itself: ${shown}. If it is a server of its own, set it as start command (anchor projects update --start "node server.js"); what has to run before, such as migrations, belongs to the build script.`,
  ];
}

const CUSTOM_SERVER =
  'All pages and files come from this server, none from the edge. Where it is not needed, let the platform run Next.js: anchor projects update --framework nextjs';
