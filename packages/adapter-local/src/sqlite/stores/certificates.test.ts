import { join } from 'node:path';
import { certificateStoreContract } from '@anchor/testing/contracts/certificate-store.ts';
import { must } from '@anchor/testing/samples.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { openDatabase } from '../database.ts';
import { certificateStore } from './certificates.ts';

certificateStoreContract('certificates in SQLite', async () => {
  const directory = await temporaryDirectory();
  const file = join(directory.path, 'anchor.db');
  let db = must(openDatabase(file));
  return {
    subject: certificateStore(db),
    reopen: async () => {
      db.close();
      db = must(openDatabase(file));
      return certificateStore(db);
    },
    end: async () => {
      db.close();
      await directory.remove();
    },
  };
});
