import { isIP } from 'node:net';
import { z } from 'zod';
import type { SecretBox } from '@anchor/core/ports/secret-box.ts';
import { describeIssue } from '@anchor/core/result/issue.ts';
import { err, fail, ok, type Result } from '@anchor/core/result/result.ts';
import { CloudflareProvider } from '../records/cloudflare/cloudflare-provider.ts';
import { Credential } from '../records/credential.ts';
import { Rfc2136Provider } from '../records/rfc2136/rfc2136-provider.ts';
import { TSIG_ALGORITHMS } from '../records/rfc2136/tsig.ts';
import { Route53Provider } from '../records/route53/route53-provider.ts';
import type { TxtProvider } from '../records/txt-provider.ts';
import { dnsName } from '../wire/names.ts';

const secretSchema = z.union(
  [z.strictObject({ env: z.string().min(1) }), z.strictObject({ sealed: z.string().min(1) })],
  { error: 'must be { "env": "NAME" } or { "sealed": "…" }, never the secret itself' },
);
type SecretReference = z.infer<typeof secretSchema>;

const nameSchema = z.string().transform((text, context) => {
  const name = dnsName(text);
  if (name !== undefined && name !== '') return name;
  context.addIssue({ code: 'custom', message: 'is not a DNS name' });
  return z.NEVER;
});
const serverSchema = z.string().transform((text, context) => {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text);
  const address = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3] ?? 53);
  if (isIP(address) !== 0 && port > 0 && port < 65_536) return { address, port };
  context.addIssue({ code: 'custom', message: 'must be an IP address with an optional port, such as 192.0.2.1:53' });
  return z.NEVER;
});
const providerSchema = z.discriminatedUnion('provider', [
  z.strictObject({ provider: z.literal('cloudflare'), token: secretSchema, endpoint: z.url().optional() }),
  z.strictObject({
    provider: z.literal('route53'),
    accessKeyId: z.string().regex(/^\w{16,128}$/, 'is not an access key id'),
    secretAccessKey: secretSchema,
    sessionToken: secretSchema.optional(),
    endpoint: z.url().optional(),
  }),
  z.strictObject({
    provider: z.literal('rfc2136'),
    server: serverSchema,
    keyName: nameSchema,
    algorithm: z.enum(TSIG_ALGORITHMS).default('hmac-sha256'),
    secret: secretSchema,
  }),
]);
const fileSchema = z.strictObject({ zones: z.record(nameSchema, providerSchema) });
type ProviderConfig = z.infer<typeof providerSchema>;

export type SecretSources = Readonly<{
  environment: Readonly<Record<string, string | undefined>>;
  secretBox: SecretBox;
}>;

/** Returns the context that a secret of the file is sealed for: a value copied to another zone does not open. */
export const providerSecretContext = (zone: string, field: string): string => `dns-providers/${zone}/${field}`;

/**
 * Reads the file of `--dns-providers`: `{ "zones": { "example.com": { "provider": "cloudflare", "token": { "env":
 * "CLOUDFLARE_TOKEN" } } } }`. Secrets are named by environment variable or sealed, and never in the file themselves.
 */
export async function readProviders(
  text: string,
  sources: SecretSources,
): Promise<Result<ReadonlyMap<string, TxtProvider>>> {
  const file = fileSchema.safeParse(parseJson(text));
  if (!file.success) return invalid(describeIssue(file.error.issues[0]) ?? 'it has another form');
  const providers = new Map<string, TxtProvider>();
  for (const [zone, config] of Object.entries(file.data.zones)) {
    const provider = await makeProvider(zone, config, sources);
    if (!provider.ok) return provider;
    providers.set(zone, provider.value);
  }
  return ok(providers);
}

async function makeProvider(
  zone: string,
  config: ProviderConfig,
  sources: SecretSources,
): Promise<Result<TxtProvider>> {
  const read = (field: string, reference: SecretReference): Promise<Result<Credential>> =>
    readSecret(zone, field, reference, sources);
  if (config.provider === 'cloudflare') {
    const token = await read('token', config.token);
    return token.ok ? ok(new CloudflareProvider({ zone, token: token.value, ...endpointOf(config) })) : token;
  }
  if (config.provider === 'rfc2136') {
    const secret = await read('secret', config.secret);
    return secret.ok ? ok(new Rfc2136Provider({ ...config, zone, secret: secret.value })) : secret;
  }
  const secretAccessKey = await read('secretAccessKey', config.secretAccessKey);
  if (!secretAccessKey.ok) return secretAccessKey;
  const sessionToken = config.sessionToken === undefined ? undefined : await read('sessionToken', config.sessionToken);
  if (sessionToken?.ok === false) return sessionToken;
  return ok(
    new Route53Provider({
      zone,
      accessKeyId: config.accessKeyId,
      secretAccessKey: secretAccessKey.value,
      ...(sessionToken === undefined ? {} : { sessionToken: sessionToken.value }),
      ...endpointOf(config),
    }),
  );
}

const endpointOf = ({ endpoint }: Readonly<{ endpoint?: string | undefined }>): Readonly<{ endpoint?: string }> =>
  endpoint === undefined ? {} : { endpoint };

async function readSecret(
  zone: string,
  field: string,
  reference: SecretReference,
  { environment, secretBox }: SecretSources,
): Promise<Result<Credential>> {
  if ('env' in reference) {
    const value = environment[reference.env]?.trim() ?? '';
    if (value !== '') return ok(new Credential(value));
    return invalid(`zones.${zone}.${field}: the environment variable ${reference.env} is not set`);
  }
  const opened = await secretBox.open(reference.sealed, providerSecretContext(zone, field));
  return opened.ok ? ok(new Credential(opened.value)) : err(opened.error);
}

const invalid = (cause: string): Result<never> =>
  fail(
    'invalid_input',
    'The file of DNS providers is invalid',
    'Correct the file of --dns-providers as docs/domains.md shows, then restart the platform.',
    cause,
  );

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
