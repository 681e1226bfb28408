import { renderId } from '../../lib';

let last = { id: '', at: 0 };
/** Next renders a page's HTML and its payload one after the other: both are one version. */
function versionId(): string {
  if (Date.now() - last.at > 1000) last = { id: renderId(), at: Date.now() };
  return last.id;
}

export const revalidate = 2;
/** Slow, so that requests meet while it is made anew; prints, so that renders can be counted. */
export default async function Timed() {
  const id = versionId();
  await new Promise((resolve) => setTimeout(resolve, 150));
  last.at = Date.now();
  console.log(`rendered /timed ${id}`);
  return <main><p>render={id}</p></main>;
}
