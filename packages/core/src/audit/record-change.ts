import { newId, type AuditId } from '../names/id.ts';
import type { Ports } from '../ports/ports.ts';
import type { AuditActor, AuditFields, AuditResult, ChangeStart } from './audit-entry.ts';
import { changedFields } from './changed-fields.ts';

type AuditPorts = Pick<Ports, 'audit' | 'clock'>;

const USER_AGENT_CHARS = 200;

/**
 * A change in the audit log. Its entry is durable before the change is made, so that a kill of the platform leaves no
 * change without an entry.
 */
export class RecordedChange {
  readonly id: AuditId;
  readonly #complete: (result: AuditResult) => Promise<boolean>;
  #before: AuditFields | undefined;
  #after: AuditFields | undefined;

  readonly #target: Readonly<Record<string, string>>;
  #actor: AuditActor | undefined;
  #about: Readonly<Record<string, string>> = {};

  private constructor(
    id: AuditId,
    target: Readonly<Record<string, string>>,
    complete: (result: AuditResult) => Promise<boolean>,
  ) {
    this.id = id;
    this.#target = target;
    this.#complete = complete;
  }

  /** Writes the entry; the change may be made once this resolves. */
  static async begin(ports: AuditPorts, start: ChangeStart): Promise<RecordedChange> {
    const at = ports.clock.now();
    const id = newId('aud', at);
    await ports.audit.begin({
      ...start,
      id,
      at,
      userAgent: start.userAgent.slice(0, USER_AGENT_CHARS),
      outcome: 'started',
    });
    return new RecordedChange(id, start.target, (result) => ports.audit.complete(id, result));
  }

  /** Notes the person that this very request has proven. */
  by(actor: AuditActor): void {
    this.#actor = actor;
  }

  /** Notes what the request named beside its path; kept also when it is refused. */
  about(target: Readonly<Record<string, string>>): void {
    this.#about = { ...this.#about, ...target };
  }

  /** Notes the state before the change. Never secrets: of variables their names. */
  before(fields: AuditFields): void {
    this.#before = fields;
  }

  /** Notes the state after the change. */
  after(fields: AuditFields): void {
    this.#after = fields;
  }

  /** Completes the entry with what came of the change; returns false when it was complete already. */
  async end(result: Pick<AuditResult, 'outcome' | 'code'>): Promise<boolean> {
    const changed = result.outcome === 'success' ? changedFields(this.#before, this.#after) : {};
    return this.#complete({
      ...result,
      ...changed,
      ...(this.#actor === undefined ? {} : { actor: this.#actor }),
      ...(Object.keys(this.#about).length === 0 ? {} : { target: { ...this.#target, ...this.#about } }),
    });
  }
}
