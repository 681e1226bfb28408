import type { CertificateRecord, CertificateStore } from '@anchor/core/ports/certificate-store.ts';

export function certificateStore(): CertificateStore {
  const records = new Map<string, CertificateRecord>();
  const keyOf = (kind: string, id: string): string => `${kind}/${id}`;
  return {
    get: async (kind, id) => records.get(keyOf(kind, id)),
    list: async (kind) => [...records.values()].filter((record) => record.kind === kind),
    put: async (record) => {
      const key = keyOf(record.kind, record.id);
      if ((records.get(key)?.version ?? 0) !== record.version - 1) return false;
      records.set(key, record);
      return true;
    },
    remove: async (kind, id) => void records.delete(keyOf(kind, id)),
  };
}
