export default function Side() {
  return <aside>The side of the gallery</aside>;
}
