import type { Api } from '@anchor/client/endpoints/table.ts';
import { callerId } from '@anchor/core/people/caller.ts';
import { fail, ok } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../../context.ts';
import type { Handler } from '../handler.ts';

/** Keeps an uploaded tar.gz as a blob; what is in it is judged in the build's sandbox. */
export const uploadHandler =
  ({ ports, settings, rateLimits }: ServerContext): Handler<Api['deployments']['upload']> =>
  async ({ project, content, caller }) => {
    const max = settings.limits.uploadBytes;
    const space = await ports.capacity.checkSpaceForBuild();
    if (!space.ok) return space;
    const allowed = rateLimits.openUpload(callerId(caller));
    if (!allowed.ok) return allowed;
    const state = { size: 0, gzip: true };
    try {
      const { hash, size } = await ports.blobs.putStream(watched(content, state, max), max);
      await ports.uploads.recordUpload(project.id, hash, ports.clock.now());
      return ok({ blob: hash, size });
    } catch (error) {
      if (state.size > max)
        return fail(
          'too_large',
          `The upload is larger than ${max} bytes`,
          'Leave out what is not needed to build (node_modules, build output), for example in .gitignore.',
        );
      if (!state.gzip)
        return fail('malformed_body', 'The upload is not a gzip file', 'Send a tar.gz, as anchor deploy does.');
      throw error;
    } finally {
      allowed.value.sent(state.size);
    }
  };

async function* watched(
  content: AsyncIterable<Uint8Array>,
  state: { size: number; gzip: boolean },
  max: number,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    if (state.size === 0 && chunk.length > 0) state.gzip = chunk[0] === 0x1f && (chunk.length < 2 || chunk[1] === 0x8b);
    state.size += chunk.length;
    if (!state.gzip) throw new Error('not gzip');
    if (state.size > max) throw new Error('too large');
    yield chunk;
  }
  if (state.size === 0) {
    state.gzip = false;
    throw new Error('empty');
  }
}
