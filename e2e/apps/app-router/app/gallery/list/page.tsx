export default function Page() {
  return <h1>List</h1>;
}
