import { act } from './actions.js';

export const dynamic = 'force-dynamic';

export default function Page() {
  return <form action={act}><input name="path" /><input name="tag" /><button>act</button></form>;
}
