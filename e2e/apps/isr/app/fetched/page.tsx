import { renderId } from '../../lib';
import { origin } from '../../origin';

export const revalidate = 3600;
export default async function Fetched() {
  const value = await fetch(`${await origin()}/page`, { next: { tags: ['fetched'] } }).then((answer) => answer.text());
  return <main><p>value={value}</p><p>render={renderId()}</p></main>;
}
