import { renderId } from '../../lib';

export const revalidate = 2;
/** Slow, so that requests meet while it is made anew; prints, so that renders can be counted. */
export default async function Timed() {
  const id = renderId();
  await new Promise((resolve) => setTimeout(resolve, 150));
  console.log(`rendered /timed ${id}`);
  return <main><p>render={id}</p></main>;
}
