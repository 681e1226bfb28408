import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ApiResult } from '@anchor/client/http/result.ts';
import { command, success } from '../framework/command.ts';
import type { Context } from '../framework/context.ts';
import { commandError } from '../framework/problem.ts';

export const certificatesUpload = command({
  name: 'certificates upload',
  summary: "Upload a certificate of your own for the project's domains",
  details: 'The chain has the certificate first, then its intermediates; the key is not encrypted. Both are PEM.',
  arguments: [
    { name: 'chain', help: 'file with the certificate and its chain' },
    { name: 'key', help: 'file with the private key' },
  ],
  project: true,
  examples: ['anchor certificates upload fullchain.pem privkey.pem'],
  async run(context, input) {
    const client = await context.client();
    if (!client.ok) return client;
    const project = await context.project();
    if (!project.ok) return project;
    const chain = await read(context, input.chain);
    if (!chain.ok) return chain;
    const key = await read(context, input.key);
    if (!key.ok) return key;
    const uploaded = await client.value.certificates.upload(
      { project: project.value, chain: chain.value, key: key.value },
      { signal: context.signal },
    );
    if (!uploaded.ok) return uploaded;
    const { names, notAfter } = uploaded.value;
    return success(
      uploaded.value,
      `${context.out.color.green('✓')} Serving ${context.out.safe(names.join(', '))} until ${new Date(notAfter).toISOString().slice(0, 10)}`,
    );
  },
});

async function read({ directory }: Context, file: string): Promise<ApiResult<string>> {
  try {
    return { ok: true, value: await readFile(resolve(directory, file), 'utf8') };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return commandError('usage', `${file} cannot be read.`, 'Name a file in PEM.', why);
  }
}
