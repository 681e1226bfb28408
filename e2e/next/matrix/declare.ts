/** The tests of one variant of `e2e/apps/matrix`: a deployed site and `next start` of the same app, case by case. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startPlatform, type Platform } from '../../platform.ts';
import { startReference, type Reference } from '../reference.ts';
import { deployApp, type Site } from '../site.ts';
import { filesOf } from './app.ts';
import { describeCase, pairwise, type Variant } from './cases.ts';
import { play, startOutcomes, type Outcomes, type Played } from './trace.ts';

export type Sides = Readonly<{ ours: Played; theirs: Played }>;

/** `declareFirst`: tests of what no case has changed yet; a case may revalidate everything. */
export function declareMatrix(
  variant: Variant,
  declareFirst: (sides: () => Sides, stamps: () => readonly string[]) => void = () => undefined,
): () => Sides {
  const project = `matrix-${variant.name}`;
  const domain = `${project}-git-main.localhost`;
  let platform: Platform | undefined;
  let site: Site | undefined;
  let reference: Reference | undefined;
  let outcomes: Outcomes;
  let sides: Sides;

  before(async () => {
    outcomes = await startOutcomes();
    const started = (platform = await startPlatform({ flags: ['--function-round-robin', ...outcomes.flags] }));
    const files = filesOf(variant, domain);
    const variables = [
      { name: 'OUTCOMES', value: outcomes.origin, secret: false },
      { name: 'SIDE', value: 'ours', secret: false },
    ];
    const deployed = deployApp(started, {
      app: 'matrix',
      name: project,
      hold: `${variant.basePath}/api/hold`,
      files,
      async prepare() {
        const put = await started.api('PUT', `/api/projects/${project}/environments/production/variables`, {
          variables,
        });
        assert.ok(put.status < 300, JSON.stringify(put.body));
      },
    });
    const [ours, theirs] = await Promise.allSettled([
      deployed,
      startReference({ app: 'matrix', files, env: { OUTCOMES: outcomes.origin, SIDE: 'theirs' } }),
    ]);
    if (ours.status === 'fulfilled') site = ours.value;
    if (theirs.status === 'fulfilled') reference = theirs.value;
    if (ours.status === 'rejected') throw ours.reason;
    if (theirs.status === 'rejected') throw theirs.reason;
    const { request } = ours.value;
    const page = await request(`${variant.basePath}/ssr`);
    const buildId = /"buildId":"([^"]+)"/.exec(page.body)?.[1] ?? assert.fail(page.body.slice(0, 500));
    sides = {
      ours: { name: 'ours', buildId, request, origin: `http://${project}.localhost:${started.edgePort}`, domain },
      theirs: {
        name: 'theirs',
        buildId: theirs.value.buildId,
        request: theirs.value.request,
        origin: `http://localhost:${theirs.value.port}`,
        domain,
      },
    };
  });
  after(async () => {
    await reference?.stop();
    await site?.remove();
    await platform?.stop();
    outcomes?.close();
  });

  declareFirst(
    () => sides,
    () => outcomes.stamps,
  );

  test('the cases are many, and every API is among them', () => {
    const cases = pairwise(variant);
    assert.ok(cases.length >= 30, `${cases.length} cases`);
    assert.equal(new Set(cases.map(({ api }) => api)).size, 9);
  });

  for (const [i, one] of pairwise(variant).entries()) {
    test(describeCase(one), async () => {
      const [ours, theirs] = await Promise.all([
        play(sides.ours, variant, one, i, outcomes),
        play(sides.theirs, variant, one, i, outcomes),
      ]);
      assert.deepEqual(ours, theirs);
    });
  }
  return () => sides;
}
