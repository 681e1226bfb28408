import { Button } from './button';

export default function Page() {
  return (
    <main>
      <h1>A page that can fail</h1>
      <Button />
    </main>
  );
}
