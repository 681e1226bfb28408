import { renderId } from '../lib';

export default function NotFound() {
  return <main><p>Nothing here, render={renderId()}</p></main>;
}
