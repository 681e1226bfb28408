import { describeAcmeError, type AcmeError } from '@anchor/acme/messages/acme-error.ts';
import { describeProblem, type Problem } from '@anchor/acme/messages/problem.ts';
import { anchorError, type AnchorError, type ErrorCode } from '@anchor/core/result/result.ts';
import type { Exhausted } from '../budgets/budgets.ts';

/**
 * Why an order stopped, and how it is retried:
 * - `validation`: the CA could not verify a name; it counts against the name
 * - `authority`: the CA is down or refuses for now; another CA may issue
 * - `final`: every retry fails until the cause is fixed
 */
export type OrderFailure = Readonly<{
  kind: 'validation' | 'authority' | 'final';
  error: AnchorError;
  /** The Retry-After of the CA. */
  retryAfterMs?: number;
  /** The names that could not be verified. */
  names?: readonly string[];
}>;

/** The facts that messages name. */
export type FailureContext = Readonly<{
  authority: string;
  names: readonly string[];
  /** What the CA calls itself in CAA records. */
  issuer?: string | undefined;
}>;

type Rule = Readonly<{
  kind: OrderFailure['kind'];
  code: ErrorCode;
  message: (context: FailureContext) => string;
  fix: (context: FailureContext) => string;
}>;

const first = ({ names }: FailureContext): string => names[0] ?? '';
const check = (context: FailureContext): string =>
  `Run \`anchor domains check ${first(context)}\` and follow its steps.`;
const validation = (code: ErrorCode, message: (context: FailureContext) => string): Rule => ({
  kind: 'validation',
  code,
  message,
  fix: check,
});

/** Problem types of RFC 8555, section 6.7, that are told apart. */
const RULES: Readonly<Record<string, Rule>> = {
  rateLimited: {
    kind: 'authority',
    code: 'rate_limited',
    message: ({ authority, names }) => `${authority} issues no certificate for ${names.join(', ')} for now`,
    fix: () => 'Wait: the order is sent again when the limit allows it.',
  },
  caa: {
    kind: 'validation',
    code: 'forbidden',
    message: (context) => `A CAA record of ${first(context)} forbids ${context.authority} to issue certificates`,
    fix: (context) =>
      `Add the DNS record: ${first(context).replace(/^\*\./, '')} CAA 0 issue "${context.issuer ?? 'the CA'}"`,
  },
  dns: validation(
    'verification_failed',
    (context) => `${context.authority} cannot look up the DNS of ${first(context)}`,
  ),
  connection: validation(
    'verification_failed',
    (context) => `${context.authority} cannot connect to ${first(context)}`,
  ),
  tls: validation(
    'verification_failed',
    (context) => `${context.authority} cannot connect to ${first(context)} by TLS`,
  ),
  unauthorized: validation(
    'verification_failed',
    (context) => `${first(context)} does not lead to this server, says ${context.authority}`,
  ),
  incorrectResponse: validation(
    'verification_failed',
    (context) => `${first(context)} does not lead to this server, says ${context.authority}`,
  ),
  rejectedIdentifier: {
    kind: 'final',
    code: 'invalid_input',
    message: ({ authority, names }) => `${authority} issues no certificates for ${names.join(', ')}`,
    fix: () => 'Use another name, or upload a certificate with `anchor certificates upload`.',
  },
  externalAccountRequired: {
    kind: 'final',
    code: 'forbidden',
    message: ({ authority }) => `${authority} wants an account of its own customers`,
    fix: () => 'Start with its key identifier and HMAC key: ./up --acme-eab FILE (docs/domains.md)',
  },
};

const OTHER: Rule = {
  kind: 'authority',
  code: 'source_unreachable',
  message: ({ authority, names }) => `${authority} refused to issue a certificate for ${names.join(', ')}`,
  fix: () => 'Wait: the order is sent again, and to the second CA if there is one.',
};

const UNREACHABLE: Rule = {
  ...OTHER,
  message: ({ authority }) => `${authority} cannot be reached`,
  fix: () => 'Check that this machine reaches the internet and that its clock is right: timedatectl',
};

/** Translates a failed request to a CA. */
export function requestFailure(error: AcmeError, context: FailureContext): OrderFailure {
  const type = error.kind === 'problem' ? error.problem.type : undefined;
  // Here it is about the account: a name that the CA cannot verify is the problem of its authorization.
  const rule = type === undefined ? UNREACHABLE : type === 'unauthorized' ? OTHER : (RULES[type] ?? OTHER);
  const retry = error.kind === 'problem' && error.retryAfterMs !== undefined;
  return {
    ...failureBy(rule, context, describeAcmeError(error)),
    ...(retry ? { retryAfterMs: error.retryAfterMs ?? 0 } : {}),
  };
}

/** Translates why a CA could not verify a name. */
export function validationFailure(problem: Problem, name: string, context: FailureContext): OrderFailure {
  const rule =
    RULES[problem.type] ??
    validation('verification_failed', (each) => `${each.authority} cannot verify ${first(each)}`);
  return {
    ...failureBy(rule, { ...context, names: [name] }, describeProblem(problem)),
    kind: 'validation',
    names: [name],
  };
}

function failureBy(rule: Rule, context: FailureContext, cause: string): OrderFailure {
  return { kind: rule.kind, error: anchorError(rule.code, rule.message(context), rule.fix(context), cause) };
}

const WHAT: Readonly<Record<Exhausted['kind'], (of: string) => string>> = {
  domain: (of) => `certificates for ${of} and names below it`,
  orders: () => 'orders of this platform',
  set: () => 'certificates for the same names',
  failure: (of) => `failed validations of ${of}`,
};

/** Describes a budget of our own that is used up. */
export function budgetFailure(
  { kind, of, limit, windowMs, retryAt }: Exhausted,
  names: readonly string[],
): AnchorError {
  const hours = windowMs / 3_600_000;
  const window = hours >= 24 ? `${hours / 24} days` : `${hours} h`;
  return anchorError(
    'rate_limited',
    `The certificate for ${names.join(', ')} waits until ${new Date(retryAt).toISOString()}`,
    kind === 'failure' ? `Run \`anchor domains check ${of}\` and follow its steps.` : 'Wait: the order is sent then.',
    `The platform allows ${limit} ${WHAT[kind](of)} in ${window}, so that the CA's own limits are not reached.`,
  );
}
