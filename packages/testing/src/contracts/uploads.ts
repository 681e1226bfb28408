import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_UPLOADS, UPLOAD_TTL_MS, type UploadStore } from '@anchor/core/ports/uploads.ts';
import { using, type Make } from '../harness.ts';
import { sampleProject, sha256 } from '../samples.ts';

const NOW = Date.UTC(2030, 0, 1);

export function uploadStoreContract(name: string, make: Make<UploadStore>): void {
  test(
    `${name}: an upload belongs to the project that recorded it`,
    using(make, async ({ subject }) => {
      const [shop, other] = [sampleProject().id, sampleProject().id];
      await subject.recordUpload(shop, sha256(1), NOW);
      assert.equal(await subject.hasUpload(shop, sha256(1), NOW), true);
      assert.equal(await subject.hasUpload(shop, sha256(2), NOW), false);
      assert.equal(await subject.hasUpload(other, sha256(1), NOW), false);
    }),
  );

  test(
    `${name}: a lookup at the same moment does not lose an upload`,
    using(make, async ({ subject }) => {
      const { id } = sampleProject();
      const look = () => subject.hasUpload(id, sha256(1), NOW);
      await Promise.all([
        look(),
        look(),
        subject.recordUpload(id, sha256(1), NOW),
        look(),
        subject.recordUpload(id, sha256(1), NOW),
        look(),
      ]);
      assert.equal(await look(), true);
      assert.equal(await look(), true, 'a lookup changes nothing');
    }),
  );

  test(
    `${name}: an upload expires, and recording it again restarts its time`,
    using(make, async ({ subject }) => {
      const { id } = sampleProject();
      await subject.recordUpload(id, sha256(1), NOW);
      assert.equal(await subject.hasUpload(id, sha256(1), NOW + UPLOAD_TTL_MS), true);
      assert.equal(await subject.hasUpload(id, sha256(1), NOW + UPLOAD_TTL_MS + 1), false);
      await subject.recordUpload(id, sha256(1), NOW + 1_000);
      assert.equal(await subject.hasUpload(id, sha256(1), NOW + UPLOAD_TTL_MS + 1), true);
    }),
  );

  test(
    `${name}: clean-up removes old uploads and leaves younger ones`,
    using(make, async ({ subject }) => {
      const { id } = sampleProject();
      await subject.recordUpload(id, sha256(1), NOW);
      await subject.recordUpload(id, sha256(2), NOW + 1_000);
      await subject.expire(NOW + 1_000);
      assert.equal(await subject.hasUpload(id, sha256(1), NOW + 1_000), false);
      assert.equal(await subject.hasUpload(id, sha256(2), NOW + 1_000), true);
    }),
  );

  test(
    `${name}: the newest uploads of each project are kept, and one project evicts none of another`,
    using(make, async ({ subject }) => {
      const [shop, other] = [sampleProject().id, sampleProject().id];
      await subject.recordUpload(other, sha256(0), NOW);
      await Promise.all(Array.from({ length: MAX_UPLOADS + 5 }, (_, n) => subject.recordUpload(shop, sha256(n), NOW)));
      for (const n of [5, MAX_UPLOADS + 4])
        assert.equal(await subject.hasUpload(shop, sha256(n), NOW), true, `upload ${n}`);
      assert.equal(await subject.hasUpload(other, sha256(0), NOW), true);
    }),
  );

  test(
    `${name}: an upload is known after opening again`,
    using(make, async ({ subject, reopen }) => {
      if (reopen === undefined) return;
      const { id } = sampleProject();
      await subject.recordUpload(id, sha256(1), NOW);
      assert.equal(await (await reopen()).hasUpload(id, sha256(1), NOW), true);
    }),
  );
}
