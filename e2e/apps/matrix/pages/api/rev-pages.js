export default async function handler(request, response) {
  try {
    await response.revalidate(request.query.path, request.query.generated === undefined ? undefined : { unstable_onlyGenerated: true });
    response.json({ revalidated: true });
  } catch (cause) {
    response.status(500).json({ revalidated: false, cause: String(cause) });
  }
}
