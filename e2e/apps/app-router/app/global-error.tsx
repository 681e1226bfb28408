'use client';

export default function GlobalError({ error }: { error: Error & { digest?: string } }) {
  return (
    <html lang="en">
      <body>
        <h1>Everything failed</h1>
        <p data-testid="digest">{error.digest}</p>
      </body>
    </html>
  );
}
