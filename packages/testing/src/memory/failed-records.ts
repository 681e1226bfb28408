import type { FailedRecordStore } from '@anchor/core/ports/failed-records.ts';
import type { FailedRecord } from '@anchor/core/records/failed-record.ts';
import { pageOf } from './collection.ts';

export function failedRecordStore(): FailedRecordStore {
  const records = new Map<string, FailedRecord>();
  const keyOf = (kind: string, id: string): string => `${kind}/${id}`;
  return {
    fail: async ({ kind, id, project, why, tries = 1, now }) => {
      const before = records.get(keyOf(kind, id));
      const of = project ?? before?.project;
      const record = {
        kind,
        id,
        ...(of === undefined ? {} : { project: of }),
        tries: (before?.tries ?? 0) + tries,
        why,
        since: before?.since ?? now,
      };
      records.set(keyOf(kind, id), record);
      return record;
    },
    get: async (kind, id) => records.get(keyOf(kind, id)),
    clear: async (kind, id) => records.delete(keyOf(kind, id)),
    list: async (page) =>
      pageOf(
        [...records.keys()].sort(),
        (key) => key,
        page,
        (key) => records.get(key) as FailedRecord,
      ),
  };
}
