import type { Pool } from 'pg';
import { v7 as uuidV7 } from 'uuid';
import type { Principal } from '../../http/principal.ts';
import type { MessageRow } from '../../text/present-message.ts';

export interface NewMessage {
  jobId: string;
  /** Null begins a conversation. */
  conversationId: string | null;
  content: string;
  context: Record<string, unknown> | undefined;
}

const titleCharactersMax = 80;

// A conversation has the id of the job that answers its first message: a repeated request finds it by its own job.
const insertSql = `with begun as (
  insert into public.conversations (id, organization_id, user_id, title)
  select $2::uuid, $1::uuid, $3::uuid, $4::text where $2::uuid = $5::uuid
  on conflict do nothing
),
touched as (
  update public.conversations c set updated_at = clock_timestamp()
  where c.organization_id = $1 and c.id = $2 and $2::uuid <> $5::uuid
)
insert into public.messages (id, organization_id, conversation_id, job_id, content, context)
values ($6, $1, $2, $5, $7, $8)
on conflict (job_id) do update set job_id = excluded.job_id
returning id, conversation_id, content, created_at`;

/**
 * Keeps what the user said, once for each job, and its conversation when it begins one. It comes after the job's
 * admission; should the process end in between, the same request with the same Idempotency-Key catches up on it.
 */
export async function insertMessage(pool: Pool, principal: Principal, message: NewMessage): Promise<MessageRow> {
  const { rows } = await pool.query<MessageRow>(insertSql, [
    principal.organizationId,
    message.conversationId ?? message.jobId,
    principal.userId,
    titleOf(message.content),
    message.jobId,
    uuidV7(),
    message.content,
    message.context === undefined ? null : JSON.stringify(message.context),
  ]);
  if (rows[0] === undefined) throw new Error('a message was neither written nor found');
  return rows[0];
}

/** The start of the message on one line. */
function titleOf(content: string): string {
  const line = content.replaceAll(/\s+/g, ' ').trim();
  const characters = Array.from(line.slice(0, 2 * titleCharactersMax + 1));
  if (characters.length <= titleCharactersMax) return line;
  return `${characters
    .slice(0, titleCharactersMax - 1)
    .join('')
    .trimEnd()}…`;
}
