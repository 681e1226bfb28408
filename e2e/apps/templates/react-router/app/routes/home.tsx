export function meta() {
  return [{ title: "New React Router App" }];
}

export default function Home() {
  return <main className="p-4">What's next?</main>;
}
