export async function POST(request: Request) {
  try {
    return Response.json({ received: (await request.json()) as unknown }, { status: 201 });
  } catch {
    return Response.json({ error: 'not JSON' }, { status: 400 });
  }
}
