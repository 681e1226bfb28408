import { XMLParser } from 'fast-xml-parser';
import { z } from 'zod';

/** Seconds: challenges change within minutes. */
const TTL = 60;
const STRING_LIMIT = 255;

const listOf = <T extends z.ZodType>(item: T): z.ZodPreprocess<z.ZodArray<T>> =>
  z.preprocess((value) => (value === undefined || value === '' ? [] : [value].flat()), z.array(item));

const zonesSchema = z.object({
  ListHostedZonesByNameResponse: z.object({
    HostedZones: z.preprocess(
      (value) => (value === '' ? {} : value),
      z.object({
        HostedZone: listOf(
          z.object({ Id: z.string(), Name: z.string(), Config: z.object({ PrivateZone: z.string() }).optional() }),
        ),
      }),
    ),
  }),
});
const recordSetSchema = z.object({
  Name: z.string(),
  Type: z.string(),
  TTL: z.string().regex(/^\d+$/).optional(),
  ResourceRecords: z.object({ ResourceRecord: listOf(z.object({ Value: z.string() })) }).optional(),
});
const setsSchema = z.object({
  ListResourceRecordSetsResponse: z.object({
    ResourceRecordSets: z.preprocess(
      (value) => (value === '' ? {} : value),
      z.object({ ResourceRecordSet: listOf(recordSetSchema) }),
    ),
  }),
});
const changeInfo = z.object({ ChangeInfo: z.object({ Id: z.string(), Status: z.string() }) });
const changeSchema = z.union([
  z.object({ ChangeResourceRecordSetsResponse: changeInfo }).transform((xml) => xml.ChangeResourceRecordSetsResponse),
  z.object({ GetChangeResponse: changeInfo }).transform((xml) => xml.GetChangeResponse),
]);
const errorSchema = z.object({
  ErrorResponse: z.object({ Error: z.object({ Code: z.string(), Message: z.string().default('') }) }),
});
const invalidBatchSchema = z.object({ InvalidChangeBatch: z.unknown() });

/** The TXT record set of a name, as it is now: its values as Route 53 spells them. */
export type RecordSet = Readonly<{ ttl: number; values: readonly string[] }>;

const parser = new XMLParser({ ignoreAttributes: true, parseTagValue: false });

/** Parses XML of Route 53; undefined when it is none. */
export function parseXml(text: string): unknown {
  try {
    return parser.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Returns the id of the public hosted zone with exactly this name; undefined without one. */
export function zoneIdIn(xml: unknown, name: string): string | undefined {
  const parsed = zonesSchema.safeParse(xml);
  const zones = parsed.success ? parsed.data.ListHostedZonesByNameResponse.HostedZones.HostedZone : [];
  const found = zones.find((zone) => zone.Name === `${name}.` && zone.Config?.PrivateZone !== 'true');
  return found?.Id.replace(/^\/hostedzone\//, '');
}

/** Returns the TXT set of a name from a listing that starts there; without values when it has none. */
export function recordSetIn(xml: unknown, name: string): RecordSet | undefined {
  const parsed = setsSchema.safeParse(xml);
  if (!parsed.success) return undefined;
  const sets = parsed.data.ListResourceRecordSetsResponse.ResourceRecordSets.ResourceRecordSet;
  const set = sets.find((each) => each.Name.toLowerCase() === `${name}.` && each.Type === 'TXT');
  const values = set?.ResourceRecords?.ResourceRecord.map((record) => record.Value) ?? [];
  return { ttl: Number(set?.TTL ?? TTL), values };
}

/** Returns the id and state of a change, such as PENDING or INSYNC. */
export function changeIn(xml: unknown): Readonly<{ id: string; status: string }> | undefined {
  const parsed = changeSchema.safeParse(xml);
  if (!parsed.success) return undefined;
  const { Id, Status } = parsed.data.ChangeInfo;
  return { id: Id.replace(/^\/change\//, ''), status: Status };
}

/** Returns the code and words of an error. */
export function errorIn(xml: unknown): Readonly<{ code: string; message: string }> {
  if (invalidBatchSchema.safeParse(xml).success) return { code: 'InvalidChangeBatch', message: '' };
  const parsed = errorSchema.safeParse(xml);
  if (!parsed.success) return { code: 'Unknown', message: '' };
  const { Code, Message } = parsed.data.ErrorResponse.Error;
  return { code: Code, message: Message };
}

/** Spells a value as Route 53 does: quoted strings of at most 255 characters. */
export function txtSpelling(value: string): string {
  const parts: string[] = [];
  for (let at = 0; at < value.length || at === 0; at += STRING_LIMIT)
    parts.push(`"${value.slice(at, at + STRING_LIMIT).replace(/["\\]/g, '\\$&')}"`);
  return parts.join(' ');
}

/**
 * Returns the change from one set of values to another. The old set is deleted by its exact content, so that the change
 * fails when another writer was faster.
 */
export function changeBatch(name: string, from: RecordSet, to: readonly string[]): string {
  const changes = [
    ...(from.values.length === 0 ? [] : [changeXml('DELETE', name, from)]),
    ...(to.length === 0 ? [] : [changeXml('CREATE', name, { ttl: TTL, values: to })]),
  ];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/">',
    `<ChangeBatch><Changes>${changes.join('')}</Changes></ChangeBatch>`,
    '</ChangeResourceRecordSetsRequest>',
  ].join('');
}

function changeXml(action: 'CREATE' | 'DELETE', name: string, { ttl, values }: RecordSet): string {
  const records = values.map((value) => `<ResourceRecord><Value>${escapeXml(value)}</Value></ResourceRecord>`);
  const set = `<Name>${escapeXml(name)}.</Name><Type>TXT</Type><TTL>${ttl}</TTL>`;
  return `<Change><Action>${action}</Action><ResourceRecordSet>${set}<ResourceRecords>${records.join('')}</ResourceRecords></ResourceRecordSet></Change>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (char) => ENTITIES[char] ?? char);
