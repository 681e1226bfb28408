import { dnsLookupContract } from '../contracts/dns-lookup.ts';
import { memoryDns } from './dns-lookup.ts';

dnsLookupContract('memory', async () => {
  const subject = memoryDns(() => 0);
  subject.set('here.test', {});
  return { subject, here: 'here.test', absent: 'absent.test', end: async () => undefined };
});
