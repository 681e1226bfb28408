import { draftMode } from 'next/headers';
import { redirect } from 'next/navigation';

export async function GET(request: Request) {
  const draft = await draftMode();
  if (new URL(request.url).searchParams.get('on') === '1') draft.enable();
  else draft.disable();
  redirect('/draft');
}
