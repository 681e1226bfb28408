import type { CreatedInvitation } from '@anchor/client/schemas/people.ts';
import { success, type Outcome } from './command.ts';
import type { Context } from './context.ts';

/** Shows the secret of an invitation on stdout, and beside it what to do with it. */
export async function invitationOutcome(context: Context, created: CreatedInvitation): Promise<Outcome> {
  const session = await context.session();
  const url = session.ok ? ` ${session.value.url}` : '';
  context.out.note('Send this secret to the person. It is shown only now, works once, and for 7 days.');
  context.out.note(`It is entered with: anchor join${url}`);
  return success(created, created.secret);
}
