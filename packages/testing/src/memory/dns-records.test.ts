import { dnsRecordsContract } from '../contracts/dns-records.ts';
import { memoryDnsRecords } from './dns-records.ts';

dnsRecordsContract('memory', 'example.test', async () => {
  const subject = memoryDnsRecords(['example.test']);
  return { subject, values: async (name) => subject.values(name), end: async () => undefined };
});
