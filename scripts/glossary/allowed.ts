/**
 * A name that keeps a word of the glossary, where it does, and why: other programs, or other releases of this one, know
 * it by that name.
 */
export type Allowance = Readonly<{ name: string; paths: readonly string[]; why: string }>;

export const ALLOWED: readonly Allowance[] = [
  {
    name: 'visitRegExpAST',
    paths: ['packages/core/src/expressions/compile.ts'],
    why: 'function of @eslint-community/regexpp',
  },
  { name: 'visit', paths: ['scripts/imports/read-imports.ts'], why: 'method of Visitor of oxc-parser' },
  { name: 'again', paths: ['packages/cli/src/commands/deploy.ts'], why: 'the option `anchor deploy --again`' },
  {
    name: 'bad_answer',
    paths: ['packages/client/src/http/result.ts'],
    why: 'code of a problem, which scripts compare',
  },
  { name: 'answers', paths: ['packages/dns/src/wire/message.ts'], why: 'field of a message of dns-packet' },
  { name: 'Answer', paths: ['packages/dns/src/wire/message.ts'], why: 'type of dns-packet' },
  {
    name: 'waiting',
    paths: [
      'packages/client/src/schemas/platform.ts',
      'packages/server/src/api/handlers/platform.ts',
      'packages/server/src/api/platform.test.ts',
    ],
    why: 'field of the API’s `GET /api/status`',
  },
  {
    name: 'ANCHOR_WAITING_FUNCTIONS',
    paths: ['apps/local/src/settings.test.ts'],
    why: 'environment variable of an earlier release, which is still accepted',
  },
];
