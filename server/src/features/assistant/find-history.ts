import type { Pool } from 'pg';
import type { Principal } from '../../http/principal.ts';
import type { ChatMessage } from '../../text/chat-prompt.ts';

const turnsMax = 40;
/** More of one text is never used. */
const charactersMax = 24_000;

interface Turn {
  content: string;
  answer: string;
  /** Of the first turn: what its model was told, which holds the history that the conversation began with. */
  opening: ChatMessage[] | null;
}

// One round trip. Turns without an answer (failed, canceled, still running) are left out.
const historySql = `select t.turns
from public.conversations c
cross join lateral (
  select coalesce(json_agg(json_build_object('content', left(m.content, $4), 'answer', left(j.output ->> 'text', $4),
    'opening', case when m.job_id = m.conversation_id then (
      select json_agg(json_build_object('role', e ->> 'role', 'content', left(e ->> 'content', $4)) order by n)
      from jsonb_array_elements(j.input -> 'messages') with ordinality x (e, n) where e ->> 'role' <> 'system') end)
    order by m.id desc), '[]') as turns
  from (
    select x.id, x.job_id, x.conversation_id, x.content from public.messages x
    where x.organization_id = c.organization_id and x.conversation_id = c.id order by x.id desc limit $5
  ) m
  join public.ai_jobs j on j.id = m.job_id and j.status = 'completed'
) t
where c.organization_id = $1 and c.user_id = $2 and c.id = $3 and c.deleted_at is null`;

/**
 * What was said in a conversation of the caller's, newest turn first; undefined when there is no such conversation. The
 * first turn's history comes from the input of its job, where it is kept.
 */
export async function findHistory(
  pool: Pool,
  principal: Principal,
  conversationId: string,
): Promise<ChatMessage[][] | undefined> {
  const values = [principal.organizationId, principal.userId, conversationId, charactersMax, turnsMax];
  const { rows } = await pool.query<{ turns: Turn[] }>(historySql, values);
  return rows[0]?.turns.flatMap(({ content, answer, opening }) => [
    [
      { role: 'user', content },
      { role: 'assistant', content: answer },
    ],
    // The last message of the opening is this turn's own.
    ...(opening ?? [])
      .slice(0, -1)
      .reverse()
      .map((message) => [message]),
  ]);
}
