import { randomBytes, randomInt } from 'node:crypto';
import {
  AUTHENTIC_DATA,
  CHECKING_DISABLED,
  decode,
  encode,
  RECURSION_DESIRED,
  type Answer as PacketRecord,
  type DecodedPacket,
  type RecordType,
} from 'dns-packet';
import { dnsName } from './names.ts';

export type Question = Readonly<{ name: string; type: RecordType }>;
export type QueryOptions = Readonly<{
  /** Requests recursion, from a resolver. Authoritative servers are queried without. */
  recursive?: boolean;
  /** Requests what a validating resolver has although it did not validate (CD, RFC 4035). */
  checkingDisabled?: boolean;
  /** Bound on all attempts together, in milliseconds. */
  withinMs?: number;
}>;

/** A record whose owner is a name that can be compared. Records of others are dropped when a message is read. */
export type DnsRecord = PacketRecord & Readonly<{ name: string }>;

export type DnsMessage = Readonly<{
  /** Such as NOERROR, NXDOMAIN, SERVFAIL; RCODE17 for one without a name. */
  rcode: string;
  authoritative: boolean;
  truncated: boolean;
  records: readonly DnsRecord[];
  authorities: readonly DnsRecord[];
  additionals: readonly DnsRecord[];
  /** The reason that a resolver gave for its failure (extended DNS error, RFC 8914). */
  extendedError?: Readonly<{ code: number; text: string }>;
}>;

/** A query as it was sent: what a response must repeat. */
export type SentQuery = Readonly<{ id: number; question: Question; bytes: Buffer }>;

/** Not fragmented on any path (DNS flag day 2020). */
const UDP_PAYLOAD = 1232;
/**
 * Larger than any response we need. Pointers of a name may form a chain: the time to decode grows with the square of the
 * size, 20 ms at this one.
 */
export const MESSAGE_LIMIT = 16 * 1024;
const EDE_OPTION = 15;
const EDE_TEXT_LIMIT = 200;
const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];
const BADVERS = 16;

/**
 * Encodes a query with a random id and a random case of the letters (0x20): a response from elsewhere must guess both,
 * and the port. `edns` is left out for servers that respond with FORMERR to it.
 */
export function encodeQuery(question: Question, options: QueryOptions, edns: boolean): SentQuery {
  const id = randomInt(0x10000);
  const cased = { ...question, name: randomCase(question.name) };
  const flags =
    (options.recursive === true ? RECURSION_DESIRED | AUTHENTIC_DATA : 0) |
    (options.checkingDisabled === true ? CHECKING_DISABLED : 0);
  const opt = {
    type: 'OPT' as const,
    name: '.',
    udpPayloadSize: UDP_PAYLOAD,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
  const bytes = encode({ type: 'query', id, flags, questions: [cased], additionals: edns ? [opt] : [] });
  return { id, question: cased, bytes };
}

function randomCase(name: string): string {
  const bits = randomBytes(name.length);
  return Array.from(name, (char, at) => ((bits[at] ?? 0) & 1 ? char.toUpperCase() : char)).join('');
}

/** How a received message relates to a query. Only a `match` is read further. */
export type Received =
  | Readonly<{ kind: 'match'; message: DnsMessage }>
  | Readonly<{ kind: 'other' | 'other_case' | 'malformed' | 'too_large' }>;

/** Reads a message, which may be hostile. Never throws. */
export function readResponse(bytes: Buffer, query: SentQuery): Received {
  if (bytes.length < 12 || bytes.readUInt16BE(0) !== query.id) return { kind: 'other' };
  if (bytes.length > MESSAGE_LIMIT) return { kind: 'too_large' };
  const packet = decoded(bytes);
  if (packet === undefined) return { kind: 'malformed' };
  if (!packet.flag_qr || opcodeOf(bytes) !== 0) return { kind: 'other' };
  const rcode = bytes.readUInt8(3) & 0x0f;
  const [question] = packet.questions ?? [];
  // A server that does not understand EDNS may repeat nothing.
  if (question === undefined && rcode === 1) return { kind: 'match', message: messageOf(packet, rcode) };
  if (question === undefined || packet.questions?.length !== 1 || question.type !== query.question.type)
    return { kind: 'other' };
  if (question.name !== query.question.name && !(question.name === '.' && query.question.name === ''))
    return { kind: question.name.toLowerCase() === query.question.name.toLowerCase() ? 'other_case' : 'other' };
  return { kind: 'match', message: messageOf(packet, rcode) };
}

function decoded(bytes: Buffer): DecodedPacket | undefined {
  try {
    return decode(bytes);
  } catch {
    return undefined;
  }
}

const opcodeOf = (bytes: Buffer): number => (bytes.readUInt8(2) >> 3) & 0x0f;

function messageOf(packet: DecodedPacket, lowRcode: number): DnsMessage {
  const opt = packet.additionals?.find((record) => record.type === 'OPT');
  const rcode = ((opt?.extendedRcode ?? 0) << 4) | lowRcode;
  const extendedError = extendedErrorOf(opt?.options ?? []);
  return {
    rcode: rcode === BADVERS ? 'BADVERS' : (RCODES[rcode] ?? `RCODE${rcode}`),
    authoritative: packet.flag_aa,
    truncated: packet.flag_tc,
    records: recordsOf(packet.answers),
    authorities: recordsOf(packet.authorities),
    additionals: recordsOf(packet.additionals),
    ...(extendedError === undefined ? {} : { extendedError }),
  };
}

function recordsOf(records: readonly PacketRecord[] = []): readonly DnsRecord[] {
  return records.flatMap((record) => {
    if (record.type === 'OPT' || record.class !== 'IN') return [];
    const name = dnsName(record.name);
    return name === undefined ? [] : [{ ...record, name }];
  });
}

function extendedErrorOf(options: readonly unknown[]): DnsMessage['extendedError'] {
  for (const option of options as readonly Readonly<{ code: number; data?: Buffer }>[])
    if (option.code === EDE_OPTION && option.data !== undefined && option.data.length >= 2)
      return {
        code: option.data.readUInt16BE(0),
        text: option.data.toString('utf8', 2, 2 + EDE_TEXT_LIMIT).replace(/[^\x20-\x7e]/g, '·'),
      };
  return undefined;
}
