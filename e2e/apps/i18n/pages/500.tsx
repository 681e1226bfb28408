export default function ErrorPage() {
  return <h1>own page for what failed</h1>;
}
