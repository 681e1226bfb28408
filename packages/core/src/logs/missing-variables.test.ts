import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingVariables } from './missing-variables.ts';

const MISSING: readonly (readonly [line: string, names: string])[] = [
  ['Error: Environment variable not found: DATABASE_URL.', 'DATABASE_URL'],
  ['Error: Missing required environment variable: STRIPE_SECRET_KEY', 'STRIPE_SECRET_KEY'],
  ['Error: Missing required environment variable PORT', 'PORT'],
  ['Error: Missing env var SECRET', 'SECRET'],
  ['The OPENAI_API_KEY environment variable is missing or empty; either provide it', 'OPENAI_API_KEY'],
  ['Please define the MONGODB_URI environment variable inside .env.local', 'MONGODB_URI'],
  ['Error: NEXTAUTH_SECRET is not set', 'NEXTAUTH_SECRET'],
  ['SECRET is not set', 'SECRET'],
  ['FATAL: REDIS_URL is not set and has no default', 'REDIS_URL'],
  ['Error: process.env.REDIS_URL is undefined', 'REDIS_URL'],
  ['Error: process.env.TOKEN is not defined', 'TOKEN'],
  ['Missing environment variables: SMTP_HOST, SMTP_USER', 'SMTP_HOST SMTP_USER'],
  ["❌ Invalid environment variables: { SESSION_SECRET: [ 'Required' ] }", 'SESSION_SECRET'],
  ['Environment variable SANITY_PROJECT_ID must be set', 'SANITY_PROJECT_ID'],
  ['error: "JWT_SECRET" is required', 'JWT_SECRET'],
  ['Error: Missing API_KEY', 'API_KEY'],
  ['setup: no GITHUB_TOKEN', 'GITHUB_TOKEN'],
  ['API_KEY is missing', 'API_KEY'],
  ['Error: DATABASE_URL must be set', 'DATABASE_URL'],
  ['Error: DATABASE_URL not found', 'DATABASE_URL'],
  ['Error: SMTP_PASSWORD is required but was not provided', 'SMTP_PASSWORD'],
  ['Error: supabaseUrl is required. Set the SUPABASE_URL environment variable.', 'SUPABASE_URL'],
  ['Error: S3_BUCKET has not been set', ''],
];
for (const [line, names] of MISSING)
  test(`"${line}" names ${names === '' ? 'none' : names}`, () =>
    assert.equal(missingVariables([line]).join(' '), names));

const OTHER: readonly string[] = [
  // It is set, only wrong.
  'Error: DATABASE_URL is set to an invalid value',
  'Error: DATABASE_URL must start with postgres://',
  'Error: Invalid DATABASE_URL',
  'Error: LOG_LEVEL must be one of debug, info',
  'PrismaClientInitializationError: the URL in DATABASE_URL has no host',
  'Error: connect ECONNREFUSED 127.0.0.1:5432 (from DATABASE_URL)',
  'password authentication failed for the user in DATABASE_URL',
  'Server is using PORT 3000',
  'error: SESSION_SECRET set',
  'Error: JWT_SECRET is required to be at least 32 characters, got 8',
  // The application goes on.
  'SENTRY_DSN is not set, skipping the upload',
  'REDIS_URL is not set, using memory',
  'warn: REDIS_URL is not set',
  '[WARN] SENTRY_AUTH_TOKEN is missing',
  'LOG_LEVEL is not set, defaulting to info',
  'MAIL_HOST is not set: falling back to the console',
  'GOOGLE_ANALYTICS_ID is not set. Analytics are disabled.',
  'STRIPE_WEBHOOK_SECRET not set (optional)',
  // Other things with names in capitals.
  'Error: Invalid CSRF token',
  'Error: No CORS header',
  'Error: No ROUTE_MATCH found',
  'Error: Missing CSRF token in the form',
  'Error: Invalid EMAIL address',
  'Error: Empty RESPONSE body',
  'error: column USER_ID is required',
  'error: null value in column "USER_ID" is missing',
  'SQLITE_ERROR: no such table: USER_ACCOUNTS',
  'error: relation USER_ACCOUNTS not found',
  'Error: role SUPER_ADMIN is required',
  'ForbiddenError: Missing READ_ALL permission',
  'Error: feature flag NEW_CHECKOUT is not defined',
  'Error: MAX_SIZE is not defined in config.js',
  'ReferenceError: API_URL is not defined',
  'Error: constraint FK_ORDER_USER not found',
  'Error: X_REQUEST_ID header is required',
  'TypeError: JSON is required',
  'Error: RECORD_NOT_FOUND is missing',
  'Error: code INVALID_ARGUMENT: the field is required',
  'GraphQLError: Variable "$USER_ID" of required type "ID!" was not provided.',
  'Error: event ORDER_PLACED is not available',
  'Error: ENOENT: no such file or directory',
  'Error: REDIS is not available',
  'Error: template ORDER_MAIL is missing',
  'Error: Unknown action ADD_TODO: a reducer is required',
  'Error: translation HOME_TITLE is missing',
  'UnhandledPromiseRejection: HTTP_PROXY refused the connection',
  'Loaded environment variables: API_URL, API_KEY',
  'Error: the value of FEATURE_X was not found in the cache',
  '    at required (/app/SOME_FILE is not set.js:1:1)',
];
for (const line of OTHER)
  test(`"${line.trim()}" blames no variable`, () => assert.deepEqual(missingVariables([line]), []));
