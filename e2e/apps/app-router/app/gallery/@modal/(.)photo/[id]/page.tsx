export default async function Modal({ params }: { params: Promise<{ id: string }> }) {
  return <dialog open>The modal of photo {(await params).id}</dialog>;
}
