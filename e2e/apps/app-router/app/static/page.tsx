import { stamp } from '../../lib/stamp';

export default function Page() {
  return (
    <main>
      <h1>A static page</h1>
      <p data-testid="stamp">{stamp()}</p>
    </main>
  );
}
