import { err, ok, type Result } from '@anchor/core/result/result.ts';
import { isPrivateAddress } from '@anchor/core/names/private-networks.ts';
import { isIPv6 } from 'node:net';
import type { DnsClient } from '../wire/dns-client.ts';
import type { DnsServer } from '../wire/exchange.ts';
import type { DnsMessage, Question } from '../wire/message.ts';
import { dnsName, labelCount, lastLabels, parentOf } from '../wire/names.ts';
import type { Budget } from './budget.ts';
import { ExpiringCache } from './expiring-cache.ts';
import type { WalkFailure } from './walk-failure.ts';
import { delegationIn, type Delegation, type NameServer, type Zone } from './zone.ts';

export type ZoneWalkSettings = Readonly<{
  /** Where a walk starts. */
  roots: readonly DnsServer[];
  /**
   * Resolvers to query instead of authoritative servers, where a firewall lets nothing else through. Their responses may be
   * as old as the records' TTL.
   */
  resolvers?: readonly DnsServer[];
  /** Port of all delegated servers; differs from 53 in tests only. */
  port: number;
  /** Private addresses that may be queried. Delegations to any other private address are ignored. */
  mayContact: (address: string) => boolean;
}>;

/** Delegations of top-level domains hardly change; those below do while a user sets up a domain. */
const TOP_LEVEL_MS = 3_600_000;
const ZONE_MS = 10_000;
const ADDRESS_MS = 300_000;
const CACHE_LIMIT = 2000;
/** Levels of name servers whose own names have to be resolved first. */
const DEPTH_LIMIT = 3;
const ALIAS_LIMIT = 4;

/** Finds the authoritative servers of names by walking down from the root, one label per step (RFC 9156). */
export class ZoneWalk {
  readonly #client: DnsClient;
  readonly #settings: ZoneWalkSettings;
  readonly #zones = new ExpiringCache<Zone>(CACHE_LIMIT);
  readonly #addresses = new ExpiringCache<readonly string[]>(CACHE_LIMIT);

  constructor(client: DnsClient, settings: ZoneWalkSettings) {
    this.#client = client;
    this.#settings = settings;
  }

  /** Returns the zone of a name, even if the name itself does not exist. */
  async zoneOf(name: string, budget: Budget, depth = 0): Promise<Result<Zone, WalkFailure>> {
    const { resolvers } = this.#settings;
    if (resolvers !== undefined) return ok({ name: '', servers: resolvers.map(serverAt), recursive: true });
    let zone = this.#knownZone(name);
    for (let labels = labelCount(zone.name) + 1; labels <= labelCount(name); labels++) {
      const target = lastLabels(name, labels);
      const response = await this.queryZone(zone, { name: target, type: 'NS' }, budget);
      if (!response.ok) return response;
      if (response.value.rcode === 'NXDOMAIN') return ok(zone);
      const delegation = delegationIn(response.value, zone.name, target);
      if (delegation === undefined) continue;
      zone = { name: delegation.zone, servers: await this.#serversOf(delegation, budget, depth) };
      this.#zones.set(zone.name, zone, labelCount(zone.name) === 1 ? TOP_LEVEL_MS : ZONE_MS);
      labels = labelCount(zone.name);
    }
    return ok(zone);
  }

  /** Queries the servers of a zone in turn, until one responds for it. */
  async queryZone(zone: Zone, question: Question, budget: Budget): Promise<Result<DnsMessage, WalkFailure>> {
    let failure: WalkFailure = { kind: 'unreachable', zone: zone.name };
    for (const server of shuffled(zone.servers)) {
      const response = await this.queryServer(zone, server, question, budget);
      if (response.ok) return response;
      failure = response.error;
      if (failure.kind === 'budget') break;
    }
    return err(failure);
  }

  /** Queries one server of a zone. Its other addresses are tried when the first does not respond. */
  async queryServer(
    zone: Zone,
    server: NameServer,
    question: Question,
    budget: Budget,
  ): Promise<Result<DnsMessage, WalkFailure>> {
    let failure: WalkFailure = { kind: 'unreachable', zone: zone.name, server: server.host };
    for (const address of server.addresses) {
      if (!budget.take()) return err({ kind: 'budget', zone: zone.name, server: server.host });
      const response = await this.#client.query(address, question, {
        recursive: zone.recursive === true,
        withinMs: budget.remainingMs,
      });
      if (response.ok && isAbout(zone, question, response.value)) return response;
      failure = { ...failure, address: address.address, kind: response.ok ? kindOf(response.value) : response.error };
    }
    return err(failure);
  }

  /** Returns the addresses of a host name, IPv4 first. None when it does not resolve. */
  async addressesOf(host: string, budget: Budget, depth: number): Promise<readonly string[]> {
    const cached = this.#addresses.get(host);
    if (cached !== undefined) return cached;
    if (depth > DEPTH_LIMIT) return [];
    const found = [
      ...(await this.#resolve(host, 'A', budget, depth)),
      ...(await this.#resolve(host, 'AAAA', budget, depth)),
    ];
    if (found.length > 0) this.#addresses.set(host, found, ADDRESS_MS);
    return found;
  }

  async #resolve(host: string, type: 'A' | 'AAAA', budget: Budget, depth: number): Promise<readonly string[]> {
    let name = host;
    for (let links = 0; links <= ALIAS_LIMIT; links++) {
      const zone = await this.zoneOf(name, budget, depth);
      const response = zone.ok ? await this.queryZone(zone.value, { name, type }, budget) : zone;
      if (!response.ok) return [];
      const alias = response.value.records.find((record) => record.type === 'CNAME' && record.name === name);
      if (alias?.type !== 'CNAME')
        return response.value.records.flatMap((record) =>
          record.type === type && record.name === name ? [record.data] : [],
        );
      const target = dnsName(alias.data);
      if (target === undefined) return [];
      name = target;
    }
    return [];
  }

  async #serversOf({ hosts, glue }: Delegation, budget: Budget, depth: number): Promise<readonly NameServer[]> {
    const servers: NameServer[] = [];
    for (const host of hosts) {
      const addresses = glue.get(host) ?? (await this.addressesOf(host, budget, depth + 1));
      const allowed = addresses.filter((address) => !isPrivateAddress(address) || this.#settings.mayContact(address));
      const sorted = allowed.toSorted((one, other) => Number(isIPv6(one)) - Number(isIPv6(other)));
      servers.push({ host, addresses: sorted.map((address) => ({ address, port: this.#settings.port })) });
    }
    return servers;
  }

  #knownZone(name: string): Zone {
    for (let ancestor = name; ancestor !== ''; ancestor = parentOf(ancestor)) {
      const zone = this.#zones.get(ancestor);
      if (zone !== undefined) return zone;
    }
    return { name: '', servers: this.#settings.roots.map(serverAt) };
  }
}

/**
 * Returns whether a response speaks for the zone: with authority, or with a delegation towards the name while the walk
 * goes down. A server that refuses, points back up or elsewhere is lame.
 */
function isAbout(zone: Zone, question: Question, message: DnsMessage): boolean {
  if (message.rcode !== 'NOERROR' && message.rcode !== 'NXDOMAIN') return false;
  if (message.authoritative || zone.recursive === true) return true;
  return question.type === 'NS' && delegationIn(message, zone.name, question.name) !== undefined;
}

const kindOf = ({ rcode }: DnsMessage): WalkFailure['kind'] => (rcode === 'SERVFAIL' ? 'servfail' : 'lame');

const serverAt = (server: DnsServer): NameServer => ({ host: server.address, addresses: [server] });

function shuffled<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((one, other) => one.order - other.order)
    .map(({ item }) => item);
}
