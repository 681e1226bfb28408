import { certificatesContract } from '../contracts/certificates.ts';
import { memoryCertificates } from './certificates.ts';

certificatesContract('certificates in memory', async () => {
  const subject = memoryCertificates(() => Date.now());
  const issued = new Set<number>();
  return {
    subject,
    now: () => Date.now(),
    settle: async () => {
      for (const [index, name] of subject.orders.entries()) {
        const wanted = !issued.has(index) && (await subject.statusOf(name)).order !== undefined;
        issued.add(index);
        if (wanted) subject.issue(name);
      }
    },
    setProvider: (present) => {
      subject.hasProvider = present;
    },
    end: async () => {},
  };
});
