import type { Pool } from 'pg';
import { invitationLinkContext } from '../invitation-link.ts';
import { type SecretBox, SecretBoxError } from '../secret-box.ts';
import type { Rotation } from './rotate-keys.ts';

const beforeAll = '00000000-0000-0000-0000-000000000000';

interface SealedEmail {
  id: string;
  reference: string;
  sealed: Buffer;
}

/**
 * Encrypts the links of invitations that wait to be mailed anew, where they are not under the current master key. One by one: there
 * are few, and one that is being sent at that moment is waited for, and then has no link any more.
 */
export async function rotateEmails(pool: Pool, secretBox: SecretBox): Promise<Rotation> {
  let rotated = 0;
  const failed = new Map<string, string>();
  for (let after = beforeAll; ; ) {
    const { rows } = await pool.query<SealedEmail>(
      `select id, reference, sealed from public.email_outbox
       where id > $1 and sealed is not null and substring(sealed from 1 for octet_length($2::bytea)) <> $2::bytea order by id limit 100`,
      [after, secretBox.currentHeader],
    );
    for (const row of rows) {
      const context = invitationLinkContext(row.reference);
      try {
        const anew = secretBox.seal(secretBox.open(row.sealed, context), context);
        await pool.query('update public.email_outbox set sealed = $2 where id = $1 and sealed = $3', [
          row.id,
          anew,
          row.sealed,
        ]);
        rotated += 1;
      } catch (error) {
        if (!(error instanceof SecretBoxError)) throw error;
        failed.set(row.id, error.message);
      }
    }
    const last = rows.at(-1);
    if (last === undefined) return { rotated, failed };
    after = last.id;
  }
}
