export default function Unauthorized() {
  return <h1>Please log in</h1>;
}
