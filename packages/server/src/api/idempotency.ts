import type { Ports } from '@anchor/core/ports/ports.ts';
import { sha256Hex } from '@anchor/core/tokens/tokens.ts';
import { anchorError, err, ok, type Result } from '@anchor/core/result/result.ts';
import type { HttpError } from '../http/problem.ts';

type IdempotencyPorts = Pick<Ports, 'idempotency' | 'secrets' | 'clock'>;
export type Stored = Readonly<{ status: number; type: string; body: string }>;
export type Claim =
  | Readonly<{ kind: 'run'; finish: (response: Stored) => Promise<void>; release: () => Promise<void> }>
  | Readonly<{ kind: 'replay'; response: Stored }>;

/**
 * Claims an Idempotency-Key for one caller and endpoint. The first caller runs; a later one with the same body gets the
 * same response. `sealed` responses hold a secret that is shown once: they are stored encrypted.
 */
export async function claimKey(
  ports: IdempotencyPorts,
  input: Readonly<{ key: string; callerId: string; operation: string; body: string; sealed: boolean }>,
): Promise<Result<Claim, HttpError>> {
  if (input.key.length > 255 || !/^[\x21-\x7e]+$/.test(input.key))
    return err(
      anchorError(
        'invalid_input',
        'The Idempotency-Key is not usable',
        'Use 1 to 255 visible ASCII characters, such as a UUID.',
      ),
    );
  const record = await sha256Hex(`${input.callerId}\n${input.operation}\n${input.key}`);
  const claimed = await ports.idempotency.claim(record, await sha256Hex(input.body), ports.clock.now());
  const context = `idempotency/${record}`;
  if (claimed.state === 'new') {
    return ok({
      kind: 'run',
      finish: async (response) =>
        ports.idempotency.finish(
          record,
          input.sealed ? await ports.secrets.seal(JSON.stringify(response), context) : JSON.stringify(response),
        ),
      release: () => ports.idempotency.release(record),
    });
  }
  if (claimed.fingerprint !== (await sha256Hex(input.body)))
    return err(
      anchorError(
        'invalid_input',
        'This Idempotency-Key was used with another body',
        'Use a new key for a new request.',
      ),
    );
  if (claimed.state === 'pending' || claimed.response === undefined) {
    return err({
      ...anchorError(
        'conflict',
        'A request with this Idempotency-Key is still running',
        'Wait a moment and repeat the request with the same key.',
      ),
      retryAfterSeconds: 1,
    });
  }
  const opened = input.sealed ? await ports.secrets.open(claimed.response, context) : ok(claimed.response);
  return opened.ok ? ok({ kind: 'replay', response: JSON.parse(opened.value) as Stored }) : opened;
}
