export default function Unauthorized() {
  return <h1>Who are you?</h1>;
}
