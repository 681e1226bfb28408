import { stamp } from '../../../lib/stamp';
import { renew } from '../actions';

export default function Page() {
  return (
    <main>
      <h1>Kept until renewed</h1>
      <p data-testid="stamp">{stamp()}</p>
      <form action={renew}><button>Renew</button></form>
    </main>
  );
}
