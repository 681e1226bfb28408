export default function NotFound() {
  return <h1>Missing in this part</h1>;
}
