import { issueText } from '@anchor/core/result/issue.ts';
import { setImmediate } from 'node:timers/promises';
import { storedManifestSchema, webOf } from '@anchor/core/artifact/manifest.ts';
import type { WebComponent } from '@anchor/protocol/artifact/web/component.ts';
import { prerenderSchema, staticFileSchema, urlPath } from '@anchor/protocol/artifact/web/files.ts';
import { anchorError, err, fail, ok, type AnchorError, type Result } from '@anchor/core/result/result.ts';
import type { z } from 'zod';
import type { ArtifactLimits } from './limits.ts';

type Limits = Pick<ArtifactLimits, 'manifestMb' | 'manifestFiles'>;

/** How many entries are written before other work of the process has its turn. */
const SLICE = 200;

/** Returns a manifest's text, validated slowly enough that the platform's other work continues beside a large one. */
export async function manifestText(
  { files, prerenders, ...web }: WebComponent,
  limits: Limits,
): Promise<Result<string>> {
  const paths = [...Object.keys(files), ...Object.keys(prerenders)];
  const many = tooMany(paths, limits);
  if (many !== undefined) return err(many);
  const head = storedManifestSchema.safeParse({
    version: 1,
    components: { web: { ...web, files: {}, prerenders: {} } },
  });
  if (!head.success) return undescribable(head.error);
  const { files: _files, prerenders: _prerenders, ...checked } = webOf(head.data) ?? { files, prerenders };
  const rest = JSON.stringify(checked).slice(1, -1);
  let left = limits.manifestMb * 1_048_576 - rest.length;
  const written: string[] = [];
  for (const [entries, schema] of [
    [files, staticFileSchema],
    [prerenders, prerenderSchema],
  ] as const) {
    const pieces: string[] = [];
    for (const [path, value] of Object.entries(entries)) {
      const name = urlPath.safeParse(path);
      const parsed = schema.safeParse(value);
      if (!name.success) return undescribable(name.error, path);
      if (!parsed.success) return undescribable(parsed.error, path);
      const piece = `${JSON.stringify(path)}:${JSON.stringify(parsed.data)}`;
      left -= Buffer.byteLength(piece) + 1;
      if (left < 0)
        return err(
          tooLarge(
            `The list of ${paths.length.toLocaleString('en')} files exceeds ${limits.manifestMb} MB.`,
            paths,
            '--manifest-mb',
          ),
        );
      if (pieces.push(piece) % SLICE === 0) await setImmediate();
    }
    written.push(`{${pieces.join(',')}}`);
  }
  return ok(`{"version":1,"components":{"web":{${rest},"files":${written[0]},"prerenders":${written[1]}}}}`);
}

/** Returns the error for too many files. */
export function tooMany(
  paths: readonly string[],
  { manifestFiles }: Pick<Limits, 'manifestFiles'>,
): AnchorError | undefined {
  return paths.length <= manifestFiles
    ? undefined
    : tooLarge(
        `It has ${paths.length.toLocaleString('en')} files; a deployment may have ${manifestFiles.toLocaleString('en')}.`,
        paths,
        '--manifest-files',
      );
}

function tooLarge(why: string, paths: readonly string[], flag: string): AnchorError {
  const folders = new Map<string, number>();
  for (const path of paths) {
    const folder = path.split('/').slice(0, 3).join('/');
    folders.set(folder, (folders.get(folder) ?? 0) + 1);
  }
  const largest = [...folders]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 3)
    .map(([folder, count]) => `${folder.slice(0, 100)} (${count.toLocaleString('en')})`);
  return anchorError(
    'output_refused',
    'The deployment has too many files to serve',
    `Remove files that are not served, move large collections to object storage, or raise the limit: ./up ${flag}.`,
    `${why} Most are in ${largest.join(', ')}.`,
  );
}

const undescribable = (error: z.ZodError, path = ''): Result<never> => {
  const [issue] = error.issues;
  return fail(
    'artifact_invalid',
    'The build output cannot be described',
    'Check the names and headers of the output files.',
    issue === undefined
      ? undefined
      : `${[path, ...issue.path].filter((part) => part !== '').join('.')}: ${issueText(issue)}`.slice(0, 500),
  );
};
