import { pass } from '../../gate';
import { renderId } from '../../lib';

export const revalidate = 2;
/** Made when its gate is open, so that requests meet while it is made anew; prints, so that renders can be counted. */
export default async function Timed() {
  const id = renderId();
  await pass(process.env.GATE, 1, 150);
  console.log(`rendered /timed ${id}`);
  return <main><p>render={id}</p></main>;
}
