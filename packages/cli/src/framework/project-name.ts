import { projectName } from '@anchor/client/schemas/primitive.ts';

/** Converts a folder's name to a project's name: "My Shop_2" → "my-shop-2"; undefined when nothing usable is left. */
export function nameFrom(folder: string): string | undefined {
  const name = folder
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '');
  return projectName.safeParse(name).success ? name : undefined;
}
