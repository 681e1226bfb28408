import type { Invitation } from '@anchor/core/people/invitation.ts';
import type { InvitationStore } from '@anchor/core/ports/people-stores.ts';
import type { Database } from '../database.ts';
import { documents } from '../documents.ts';

export function invitationStore(db: Database): InvitationStore {
  const { get, insert, replace, remove, find, page } = documents<Invitation>(db, {
    table: 'invitations',
    columns: {
      created_at: (invitation) => invitation.createdAt,
      hash: (invitation) => invitation.hash,
      team_id: (invitation) => invitation.teamId,
      expires_at: (invitation) => invitation.expiresAt,
    },
  });
  return {
    get,
    insert,
    replace,
    remove,
    byHash: async (hash) => find({ hash }),
    list: async (teamId, request) => page({ team_id: teamId }, request),
    expire: (before) => db.write(() => void db.run('DELETE FROM invitations WHERE expires_at < ?', before)),
  };
}
