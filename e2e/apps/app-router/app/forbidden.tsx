export default function Forbidden() {
  return <h1>You may not</h1>;
}
