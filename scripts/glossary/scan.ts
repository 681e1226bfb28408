import { SyntaxKind } from 'typescript/unstable/ast';
import { createScanner } from 'typescript/unstable/ast/scanner';

/** What a piece of source text is: a name in code, text of a string, or a comment. */
export type PieceKind = 'identifier' | 'string' | 'comment';
export type Piece = Readonly<{ kind: PieceKind; text: string; line: number }>;

/** Tokens after which a slash divides; after every other one it opens a regular expression. */
const VALUES: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.Identifier,
  SyntaxKind.PrivateIdentifier,
  SyntaxKind.NumericLiteral,
  SyntaxKind.BigIntLiteral,
  SyntaxKind.StringLiteral,
  SyntaxKind.NoSubstitutionTemplateLiteral,
  SyntaxKind.TemplateTail,
  SyntaxKind.RegularExpressionLiteral,
  SyntaxKind.CloseParenToken,
  SyntaxKind.CloseBracketToken,
  SyntaxKind.CloseBraceToken,
  SyntaxKind.ThisKeyword,
  SyntaxKind.TrueKeyword,
  SyntaxKind.FalseKeyword,
  SyntaxKind.NullKeyword,
  SyntaxKind.SuperKeyword,
]);
const STRINGS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.StringLiteral,
  SyntaxKind.NoSubstitutionTemplateLiteral,
  SyntaxKind.TemplateHead,
  SyntaxKind.TemplateMiddle,
  SyntaxKind.TemplateTail,
]);

/** Returns the identifiers, strings and comments of a TypeScript file, in order. Lines count from 1. */
export function scanTypeScript(source: string): readonly Piece[] {
  const scanner = createScanner(false, 0, source);
  const pieces: Piece[] = [];
  const lines = lineCounter(source);
  // Depth of braces within each open template: its `}` at depth 0 goes on with the template's text.
  const templates: number[] = [];
  let before = SyntaxKind.Unknown;
  for (;;) {
    let token = scanner.scan();
    if (token === SyntaxKind.EndOfFile) return pieces;
    if (token === SyntaxKind.SlashToken || token === SyntaxKind.SlashEqualsToken) {
      if (!VALUES.has(before)) token = scanner.reScanSlashToken();
    } else if (token === SyntaxKind.OpenBraceToken) {
      const last = templates.length - 1;
      if (last >= 0) templates[last] = (templates[last] ?? 0) + 1;
    } else if (token === SyntaxKind.CloseBraceToken && templates.length > 0) {
      const last = templates.length - 1;
      const depth = templates[last] ?? 0;
      if (depth === 0) token = scanner.reScanTemplateToken(false);
      else templates[last] = depth - 1;
    }
    if (token === SyntaxKind.TemplateHead) templates.push(0);
    if (token === SyntaxKind.TemplateTail) templates.pop();
    const kind = kindOf(token);
    if (kind !== undefined) {
      const line = lines(scanner.getTokenStart());
      pieces.push({ kind, text: kind === 'comment' ? scanner.getTokenText() : scanner.getTokenValue(), line });
    }
    if (!isTrivia(token)) before = token;
  }
}

function kindOf(token: SyntaxKind): PieceKind | undefined {
  if (token === SyntaxKind.Identifier || token === SyntaxKind.PrivateIdentifier) return 'identifier';
  if (STRINGS.has(token)) return 'string';
  const comment = token === SyntaxKind.SingleLineCommentTrivia || token === SyntaxKind.MultiLineCommentTrivia;
  return comment ? 'comment' : undefined;
}

const isTrivia = (token: SyntaxKind): boolean =>
  token === SyntaxKind.WhitespaceTrivia ||
  token === SyntaxKind.NewLineTrivia ||
  token === SyntaxKind.SingleLineCommentTrivia ||
  token === SyntaxKind.MultiLineCommentTrivia;

/** Returns the line of an offset; offsets must not fall from call to call. */
function lineCounter(source: string): (offset: number) => number {
  let at = 0;
  let line = 1;
  return (offset) => {
    for (let next = source.indexOf('\n', at); next !== -1 && next < offset; next = source.indexOf('\n', at)) {
      at = next + 1;
      line++;
    }
    return line;
  };
}

/** Returns what a reader of a bash script meets: comments, and every other line as text that may be shown. */
export const scanBash = (source: string): readonly Piece[] =>
  source.split('\n').map((text, index) => ({ kind: /^\s*#/.test(text) ? 'comment' : 'string', text, line: index + 1 }));

/** Returns the prose of a Markdown page, a line each: without code blocks, code spans and addresses. */
export function scanMarkdown(source: string): readonly Piece[] {
  let fenced = false;
  return source.split('\n').flatMap((text, index) => {
    const fence = /^\s*(?:```|~~~)/.test(text);
    if (fence) fenced = !fenced;
    const prose = text.replaceAll(/`[^`]*`|\]\([^)]*\)|https?:\S+/g, ' ');
    return fence || fenced ? [] : [{ kind: 'comment' as const, text: prose, line: index + 1 }];
  });
}
