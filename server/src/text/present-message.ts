import type { AssistantMessage } from '@base/shared/contracts/text';
import { presentTextJob, readAnswer, type TextJobRow } from './present-text-job.ts';

export interface MessageRow {
  id: string;
  conversation_id: string;
  content: string;
  created_at: Date;
}

/** One turn on the wire: what the user said, and the answer once its job has it. */
export function presentMessage(row: MessageRow, job: TextJobRow, publicUrl: string): AssistantMessage {
  return {
    id: row.id,
    object: 'assistant_message',
    conversation_id: row.conversation_id,
    content: row.content,
    answer: readAnswer(job)?.text ?? null,
    job: presentTextJob(job, publicUrl),
    created_at: row.created_at.toISOString(),
  };
}
