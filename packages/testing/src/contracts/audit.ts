import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEntry } from '@anchor/core/audit/audit-entry.ts';
import type { AuditStore } from '@anchor/core/ports/audit-store.ts';
import { newId } from '@anchor/core/names/id.ts';
import { using, type Make } from '../harness.ts';
import { sampleAuditEntry } from '../samples.ts';
import { everyPage, lists } from './paging.ts';

const all = (subject: AuditStore): Promise<readonly AuditEntry[]> => everyPage((page) => subject.list({}, page), 100);

export function auditStoreContract(name: string, make: Make<AuditStore>): void {
  test(
    `${name}: an entry is read back as it was written, also after opening again`,
    using(make, async ({ subject, reopen }) => {
      const entry = sampleAuditEntry({ target: { project: 'ünï', name: '\u0000 "\n' } });
      await subject.begin(entry);
      assert.deepEqual(await all(subject), [entry]);
      if (reopen !== undefined) assert.deepEqual(await all(await reopen()), [entry]);
    }),
  );

  test(
    `${name}: an entry is completed once, and never changes after it`,
    using(make, async ({ subject }) => {
      const entry = sampleAuditEntry();
      await subject.begin(entry);
      const results = [
        { outcome: 'success', after: { name: 'a' } },
        { outcome: 'failed', code: 'internal' },
      ] as const;
      assert.equal(await subject.complete(entry.id, results[0]), true);
      assert.equal(await subject.complete(entry.id, results[1]), false);
      assert.deepEqual(await all(subject), [{ ...entry, ...results[0] }]);
      assert.equal(await subject.complete(newId('aud', entry.at), results[0]), false, 'there is no such entry');
    }),
  );

  test(
    `${name}: of concurrent completions of one entry exactly one wins`,
    using(make, async ({ subject }) => {
      const entry = sampleAuditEntry();
      await subject.begin(entry);
      const won = await Promise.all(
        Array.from({ length: 10 }, (_, n) => subject.complete(entry.id, { outcome: 'success', after: { n } })),
      );
      assert.equal(won.filter(Boolean).length, 1);
    }),
  );

  test(
    `${name}: an entry that exists is not written over`,
    using(make, async ({ subject }) => {
      const entry = sampleAuditEntry();
      await subject.begin(entry);
      await assert.rejects(subject.begin({ ...entry, action: 'other' }));
      assert.deepEqual(await all(subject), [entry]);
    }),
  );

  test(
    `${name}: entries are listed page by page, newest first, by project, actor and action`,
    using(make, async ({ subject }) => {
      const projectId = newId('prj', 1);
      const actor = { kind: 'token', id: newId('tok', 1), name: 'ci' } as const;
      const entries = [
        sampleAuditEntry({ projectId }),
        sampleAuditEntry({ projectId, actor }),
        sampleAuditEntry({ actor, action: 'tokens.create' }),
        sampleAuditEntry({ actor: { kind: 'anonymous' } }),
      ];
      for (const entry of entries) await subject.begin(entry);
      const [a, b, c, d] = entries as [AuditEntry, AuditEntry, AuditEntry, AuditEntry];
      await lists((page) => subject.list({}, page), [d, c, b, a]);
      await lists((page) => subject.list({ projectId }, page), [b, a]);
      await lists((page) => subject.list({ actorId: actor.id }, page), [c, b]);
      await lists((page) => subject.list({ action: 'tokens.create' }, page), [c]);
      await lists((page) => subject.list({ projectId, actorId: actor.id }, page), [b]);
    }),
  );

  test(
    `${name}: only entries older than the limit expire`,
    using(make, async ({ subject }) => {
      const [old, young] = [sampleAuditEntry(), sampleAuditEntry()];
      await subject.begin(old);
      await subject.begin(young);
      await subject.expire(young.at);
      assert.deepEqual(await all(subject), [young]);
    }),
  );
}
