export default function NotFound() {
  return <h1>app/ knows no such page</h1>;
}
