import * as z from 'zod';
import { job } from './jobs.ts';
import { id, page, timestamp } from './wire.ts';

const dataBytesMax = 64 * 1024;

function isSmall(value: unknown): boolean {
  return new TextEncoder().encode(JSON.stringify(value)).length <= dataBytesMax;
}

const words = (charactersMax: number) =>
  z
    .string()
    .max(charactersMax)
    .refine((text) => text.trim() !== '', 'must not be blank');
const object = z.record(z.string(), z.unknown());
const data = z.union([object, z.array(z.unknown())]).refine(isSmall, 'must have at most 64 KB as JSON');

const model = z.string().min(3).max(200).optional().meta({
  description: 'A text model as GET /models lists it; open for the one that BASE has chosen.',
  example: 'openai/gpt-6-luna',
});
const maxOutputTokens = z
  .int()
  .min(1)
  .optional()
  .meta({ description: 'The most the model may write, thoughts included; it decides how many credits are held.' });
const language = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$/, 'must be a language tag, for example pt-BR')
  .optional();

export const textJob = job
  .pick({
    id: true,
    object: true,
    status: true,
    model: true,
    error: true,
    credits: true,
    tokens: true,
    cost_usd: true,
    created_at: true,
    completed_at: true,
    urls: true,
  })
  .meta({ id: 'TextJob', description: 'The job that writes the answer; GET /jobs/{id} shows the whole of it.' });
export type TextJob = z.infer<typeof textJob>;

const problem = z.string().nullable().meta({ description: 'Why a completed job has no usable answer; else null.' });

export const createMessageBody = z
  .strictObject({
    message: words(32_000),
    conversation_id: id.optional().meta({ description: 'A conversation of yours to go on with; open to begin one.' }),
    history: z
      .array(z.strictObject({ role: z.enum(['user', 'assistant']), content: words(32_000) }))
      .max(100)
      .optional()
      .meta({ description: 'What was said elsewhere before a new conversation, oldest first.' }),
    context: object
      .refine(isSmall, 'must have at most 64 KB as JSON')
      .optional()
      .meta({ description: 'Data of your own system for this answer. The model is told that it is data only.' }),
    model,
    max_output_tokens: maxOutputTokens,
    language: language.meta({ description: 'Language of the answer; open for that of the message.' }),
  })
  .refine((body) => body.conversation_id === undefined || body.history === undefined, {
    path: ['history'],
    message: 'goes with a new conversation only, without conversation_id',
  });
export type CreateMessageBody = z.infer<typeof createMessageBody>;

export const assistantMessage = z
  .object({
    id,
    object: z.literal('assistant_message'),
    conversation_id: id,
    content: z.string().meta({ description: 'What the user said.' }),
    answer: z
      .string()
      .nullable()
      .meta({ description: 'What the assistant answered; null until its job has completed.' }),
    job: textJob,
    created_at: timestamp,
  })
  .meta({ id: 'AssistantMessage' });
export type AssistantMessage = z.infer<typeof assistantMessage>;

export const conversation = z
  .object({
    id,
    object: z.literal('conversation'),
    title: z.string(),
    created_at: timestamp,
    updated_at: timestamp.meta({ description: 'When it was last said or changed something in it.' }),
  })
  .meta({ id: 'Conversation' });
export type Conversation = z.infer<typeof conversation>;

export const conversationWithMessages = conversation
  .extend({ messages: page(assistantMessage).meta({ description: 'Newest first.' }) })
  .meta({ id: 'ConversationWithMessages' });

export const updateConversationBody = z.strictObject({ title: z.string().trim().min(1).max(200) });

export const insight = z.object({
  title: z.string(),
  summary: z.string(),
  category: z.string(),
  severity: z.enum(['low', 'medium', 'high']),
  evidence: z.array(z.string()),
  recommendation: z.string(),
});
export type Insight = z.infer<typeof insight>;

export const createInsightsBody = z.strictObject({
  data: data.meta({ description: 'What to look into. The model is told that it is data only.' }),
  question: words(4_000).optional(),
  count: z.int().min(1).max(20).default(5).meta({ description: 'How many insights at most.' }),
  language: language.meta({ description: 'Language of the insights; open for that of the question or the data.' }),
  model,
  max_output_tokens: maxOutputTokens,
});
export type CreateInsightsBody = z.infer<typeof createInsightsBody>;

export const insights = z
  .object({
    object: z.literal('insights'),
    job: textJob,
    insights: z.array(insight).nullable().meta({ description: 'Null until the job has completed.' }),
    problem,
  })
  .meta({ id: 'Insights' });
export type Insights = z.infer<typeof insights>;

export const generateCodeBody = z.strictObject({
  role: words(200).meta({ description: 'Who writes the code.', example: 'senior React developer' }),
  prompt: words(32_000),
  language: z
    .string()
    .trim()
    .min(1)
    .max(50)
    .optional()
    .meta({ description: 'Language of the code.', example: 'TypeScript' }),
  project_id: id.optional(),
  model,
  max_output_tokens: maxOutputTokens,
});
export type GenerateCodeBody = z.infer<typeof generateCodeBody>;

export const generatedCode = z
  .object({
    object: z.literal('code'),
    job: textJob,
    code: z.string().nullable().meta({ description: 'Null until the job has completed.' }),
    explanation: z.string().nullable(),
    language: z.string().nullable(),
    problem,
  })
  .meta({ id: 'GeneratedCode' });
export type GeneratedCode = z.infer<typeof generatedCode>;

export const tokenUsageQuery = z.strictObject({
  month: z
    .string()
    .regex(/^20\d{2}-(0[1-9]|1[0-2])$/, 'must be a month, for example 2026-03')
    .optional()
    .meta({ description: 'In UTC; open for the present one.' }),
});

export const tokenUsage = z
  .object({
    object: z.literal('token_usage'),
    month: z.string(),
    tokens: z.object({ input: z.int(), output: z.int() }),
    generations: z.int().meta({ description: 'Text jobs that completed.' }),
    credits: z.int().meta({ description: 'Charged for them.' }),
    cost_usd: z.string(),
    last_at: timestamp.nullable().meta({ description: 'When the last of them completed.' }),
    limit: z
      .object({
        credits_per_month: z.int().meta({ description: 'What the plan gives.' }),
        credits_used: z.int().meta({ description: 'In the present period, for everything.' }),
        credits_available: z.int().meta({ description: 'What can be spent now.' }),
      })
      .meta({ description: 'Text is limited by credits only.' }),
  })
  .meta({ id: 'TokenUsage' });
