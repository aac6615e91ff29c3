import type { Writer } from '../../http/writer.ts';

type Action = 'logged_in' | 'logged_out' | 'password_reset_requested' | 'password_reset';

/** Writes to the audit log who came in or out, or who tried: by id where that is proved, else by the address given. */
export async function recordSignIn(
  writer: Writer,
  who: { userId: string } | { email: string },
  action: Action,
  outcome: 'success' | 'failure' = 'success',
): Promise<void> {
  const userId = 'userId' in who ? who.userId : null;
  const email = 'email' in who ? who.email : null;
  await writer.query('select public.record_sign_in($1, $2, $3, $4)', [userId, email, action, outcome]);
}
