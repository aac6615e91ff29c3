import * as z from 'zod';
import { sandboxUrl } from './sandbox-url.ts';

const callsSchema = z.object({
  data: z.array(
    z.object({
      provider: z.string(),
      method: z.string(),
      path: z.string(),
      billed: z.boolean(),
      task_id: z.string().nullable(),
      request_id: z.string().nullable(),
      authorization_hint: z.string().nullable(),
      body: z.unknown(),
    }),
  ),
});

const taskSchema = z.object({ downloads: z.int() });

export type BookedCall = z.infer<typeof callsSchema>['data'][number];
export type BookedTask = z.infer<typeof taskSchema>;

/** For tests: the paid POSTs that arrived at the sandbox with `promptPart` in the prompt, oldest first. */
export async function findCalls(promptPart: string): Promise<BookedCall[]> {
  const query = new URLSearchParams({ prompt_contains: promptPart });
  const response = await fetch(`${sandboxUrl()}/_sandbox/calls?${query}`);
  return callsSchema.parse(await response.json()).data;
}

/** For tests: a task as the sandbox itself sees it. */
export async function readTask(id: string): Promise<BookedTask> {
  const response = await fetch(`${sandboxUrl()}/_sandbox/tasks/${id}`);
  return taskSchema.parse(await response.json());
}
