import { parse as parseToml } from 'smol-toml';

/** Versions that a file of a version manager names: the first of each tool, as written. */
export type ToolVersions = Readonly<Partial<Record<Tool, string>>>;
const TOOLS = ['node', 'npm', 'pnpm', 'yarn', 'bun'] as const;
export type Tool = (typeof TOOLS)[number];

/** Names of Node in asdf and mise. */
const NODE_NAMES: readonly string[] = ['node', 'nodejs', 'core:node'];
/** Versions that name nothing that could be installed elsewhere. */
const LOCAL = /^(?:system|(?:path|ref|sub-[^:]*):.*)$/;
const LONGEST_VERSION = 64;

/** Parses .nvmrc or .node-version: the first line that is no comment. */
export function parseVersionFile(text: string): string | undefined {
  const line = text
    .split(/\r?\n/)
    .map((each) => each.replace(/#.*/, '').trim())
    .find((each) => each !== '');
  // node-build, which nodenv uses, writes "node-22.1.0".
  return line === undefined || line.length > LONGEST_VERSION ? undefined : line.replace(/^node-v?(?=\d)/, '');
}

/** Parses .tool-versions of asdf: a tool and its versions per line, separated by blanks, `#` starts a comment. */
export function parseToolVersions(text: string): ToolVersions {
  const found: Partial<Record<Tool, string>> = {};
  for (const line of text.split(/\r?\n/)) {
    const [name = '', version] = line.replace(/#.*/, '').trim().split(/\s+/);
    const tool = toolOf(name);
    const named = version === undefined ? undefined : plain(version);
    if (tool !== undefined && named !== undefined) found[tool] ??= named;
  }
  return found;
}

/**
 * Parses mise.toml: `[tools]` with a version, a list of versions, or a table with `version`. Empty when it is no TOML.
 */
export function parseMise(text: string): ToolVersions {
  const found: Partial<Record<Tool, string>> = {};
  let root: unknown;
  try {
    root = parseToml(text.replace(/^\uFEFF/, ''));
  } catch {
    return found;
  }
  const tools = field(root, 'tools');
  if (typeof tools !== 'object' || tools === null) return found;
  for (const [name, value] of Object.entries(tools)) {
    const tool = toolOf(name);
    const first: unknown = Array.isArray(value) ? value[0] : value;
    const version = typeof first === 'object' ? field(first, 'version') : first;
    const named = typeof version === 'string' || typeof version === 'number' ? plain(String(version)) : undefined;
    if (tool !== undefined && named !== undefined) found[tool] ??= named;
  }
  return found;
}

const toolOf = (name: string): Tool | undefined =>
  NODE_NAMES.includes(name) ? 'node' : TOOLS.find((tool) => tool === name.replace(/^npm:/, ''));

function plain(version: string): string | undefined {
  const text = version
    .trim()
    .replace(/^(?:prefix|lts|latest):(?=.)/, '')
    .replace(/^lts-(?=[a-z])/, 'lts/');
  return text === '' || text.length > LONGEST_VERSION || LOCAL.test(text) ? undefined : text;
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
