import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteTable } from '@anchor/core/ports/route-table.ts';
import type { Stores } from '@anchor/core/ports/stores.ts';
import { eventually } from '../eventually.ts';
import { using, type Harness } from '../harness.ts';
import { host, sampleAlias, sampleDeployment, sha256 } from '../samples.ts';

/** A route table and the stores that it follows. */
export type RouteTableHarness = Harness<RouteTable> & Readonly<{ stores: Pick<Stores, 'aliases' | 'deployments'> }>;

export function routeTableContract(name: string, make: () => Promise<RouteTableHarness>): void {
  const deployed = async ({ stores }: RouteTableHarness, artifact = sha256(1)) => {
    const deployment = sampleDeployment({ artifact });
    await stores.deployments.insert(deployment);
    return deployment;
  };

  test(
    `${name}: a host that has an alias is found, another is not`,
    using(make, async (harness) => {
      const { subject, stores } = harness;
      const deployment = await deployed(harness);
      const alias = sampleAlias({ deploymentId: deployment.id });
      await stores.aliases.compareAndSet(alias);
      await eventually(() => {
        const route = subject.lookup(alias.host);
        assert.deepEqual(
          [route?.host, route?.projectId, route?.deploymentId, route?.artifact, route?.previous],
          [alias.host, alias.projectId, deployment.id, sha256(1), []],
        );
      });
      assert.equal(subject.lookup(host('unknown.localhost')), undefined);
    }),
  );

  test(
    `${name}: a switch is seen by itself, with the earlier deployments newest first`,
    using(make, async (harness) => {
      const { subject, stores } = harness;
      const [a, b, c] = [
        await deployed(harness, sha256(1)),
        await deployed(harness, sha256(2)),
        await deployed(harness, sha256(3)),
      ];
      const alias = sampleAlias({ deploymentId: a.id });
      await stores.aliases.compareAndSet(alias);
      await stores.aliases.compareAndSet({ ...alias, deploymentId: b.id, history: [a.id], revision: 2 });
      await stores.aliases.compareAndSet({
        ...alias,
        deploymentId: c.id,
        history: [b.id, a.id],
        skewProtectedUntil: { [b.id]: 1_900_000_000_000 },
        revision: 3,
      });
      await eventually(() => assert.equal(subject.lookup(alias.host)?.deploymentId, c.id));
      assert.deepEqual(subject.lookup(alias.host)?.previous, [
        { deploymentId: b.id, artifact: sha256(2), until: 1_900_000_000_000 },
        { deploymentId: a.id, artifact: sha256(1), until: 0 },
      ]);
    }),
  );

  test(
    `${name}: the generation changes with every route that is made, switched or removed`,
    using(make, async (harness) => {
      const { subject, stores } = harness;
      const [a, b] = [await deployed(harness, sha256(1)), await deployed(harness, sha256(2))];
      const other = await deployed(harness, sha256(3));
      const alias = sampleAlias({ deploymentId: a.id });
      const changed = async (what: () => Promise<unknown>, seen: () => void): Promise<void> => {
        const before = subject.generation();
        await what();
        await eventually(seen);
        assert.notEqual(subject.generation(), before);
      };
      await changed(
        () => stores.aliases.compareAndSet(alias),
        () => assert.equal(subject.lookup(alias.host)?.deploymentId, a.id),
      );
      await changed(
        () => stores.aliases.compareAndSet({ ...alias, deploymentId: b.id, history: [a.id], revision: 2 }),
        () => assert.equal(subject.lookup(alias.host)?.deploymentId, b.id),
      );
      await changed(
        () => stores.aliases.compareAndSet({ ...alias, host: host('second.localhost'), deploymentId: other.id }),
        () => assert.ok(subject.lookup(host('second.localhost'))),
      );
      await changed(
        () => stores.aliases.remove(alias.host),
        () => assert.equal(subject.lookup(alias.host), undefined),
      );
    }),
  );

  test(
    `${name}: refresh shows the newest state`,
    using(make, async (harness) => {
      const { subject, stores } = harness;
      const deployment = await deployed(harness);
      const alias = sampleAlias({ deploymentId: deployment.id });
      await stores.aliases.compareAndSet(alias);
      await eventually(() => {
        subject.refresh();
        assert.equal(subject.lookup(alias.host)?.deploymentId, deployment.id);
      });
    }),
  );

  test(
    `${name}: a deployment without an artifact is unknown until it has one`,
    using(make, async ({ subject, stores }) => {
      const deployment = sampleDeployment();
      const alias = sampleAlias({ deploymentId: deployment.id });
      await stores.aliases.compareAndSet(alias);
      subject.refresh();
      assert.equal(subject.lookup(alias.host), undefined);
      await stores.deployments.insert(deployment);
      subject.refresh();
      assert.equal(subject.lookup(alias.host), undefined);
      await stores.deployments.replace({ ...deployment, artifact: sha256(5), version: 2 });
      await eventually(() => assert.equal(subject.lookup(alias.host)?.artifact, sha256(5)));
    }),
  );

  test(
    `${name}: a removed alias is unknown, and known again when it is created again`,
    using(make, async (harness) => {
      const { subject, stores } = harness;
      const deployment = await deployed(harness);
      const alias = sampleAlias({ deploymentId: deployment.id });
      await stores.aliases.compareAndSet(alias);
      await eventually(() => assert.ok(subject.lookup(alias.host)));
      await stores.aliases.remove(alias.host);
      await eventually(() => assert.equal(subject.lookup(alias.host), undefined));
      await stores.aliases.compareAndSet(alias);
      await eventually(() => assert.ok(subject.lookup(alias.host)));
    }),
  );
}
