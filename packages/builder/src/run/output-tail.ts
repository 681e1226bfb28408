/** The end of a command's output, for the cause of an error: at most `maxBytes` characters and `maxLines` lines. */
export class OutputTail {
  #text = '';
  readonly #maxChars: number;

  constructor(maxChars = 32_768) {
    this.#maxChars = maxChars;
  }

  add(chunk: string): void {
    this.#text = (this.#text + chunk).slice(-this.#maxChars);
  }

  get text(): string {
    return this.#text;
  }

  /** The last lines that say something: without colours, empty lines, npm's own epilogue and stack frames of node_modules. */
  meaningful(maxLines = 12): string {
    const lines = withoutUsage(stripColours(this.#text)).split(/\r?\n|\r/).map((line) => line.trimEnd()).filter((line) => line.trim() !== '');
    const telling = lines.filter((line) => !NOISE.some((pattern) => pattern.test(line)));
    return (telling.length > 0 ? telling : lines).slice(-maxLines).map((line) => line.slice(0, 400)).join('\n');
  }
}

/** npm prints its whole usage after some errors: pages that hide the reason. */
const withoutUsage = (text: string): string => text.replace(/^npm error (?:Clean install a project|Usage:)[\s\S]*?^npm error Run "npm help [^\n]*/gm, '');

const NOISE: readonly RegExp[] = [
  /^npm (error|ERR!) (A complete log|\s+\/.*\.log|Lifecycle script|workspace |location |code ELIFECYCLE|path |command )/,
  /^\s+at .*(node_modules|node:internal)/, /^npm notice/, /^npm (?:error|ERR!)\s*$/, /^npm warn Unknown/, /ELIFECYCLE/, /^\s*info Visit https:\/\/yarnpkg/,
];

/** Text without terminal escape sequences and other control characters. */
export const stripColours = (text: string): string => text.replace(/\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])/g, '').replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g, '');
