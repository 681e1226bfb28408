'use client';

export default function Failed({ error, reset }: { error: Error; reset: () => void }) {
  return (
    <div>
      <h1>The action failed</h1>
      <p data-testid="message">{error.message}</p>
      <button onClick={reset}>Back</button>
    </div>
  );
}
