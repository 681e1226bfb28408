export default function Page() {
  return <p>plain</p>;
}
