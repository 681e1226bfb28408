export default function Default() {
  return <aside>The side otherwise</aside>;
}
