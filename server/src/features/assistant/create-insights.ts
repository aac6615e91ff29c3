import { type CreateInsightsBody, createInsightsBody, insights } from '@base/shared/contracts/text';
import { admissionErrors } from '../../admission/admit-job.ts';
import { preferHeaders } from '../../admission/prefer-wait.ts';
import { endpoint } from '../../http/endpoint.ts';
import { askLanguage, type ChatMessage, quoteData } from '../../text/chat-prompt.ts';
import { orderText } from '../../text/order-text.ts';
import { answerHeaders, replyWithAnswer } from '../../text/reply-with-answer.ts';
import { insightsShape, presentInsights } from './insights-answer.ts';

export const createInsights = endpoint({
  method: 'post',
  path: '/assistant/insights',
  tag: 'assistant',
  summary: 'Find out what is worth knowing in data',
  description:
    'The insights come with `Prefer: wait=n`, or later from GET /assistant/insights/{job_id}. They are null, with a ' +
    '`problem`, when the model did not give them in their form.',
  access: 'jobs:write',
  idempotent: true,
  headers: preferHeaders,
  body: createInsightsBody,
  responses: {
    201: { description: 'The insights.', body: insights, headers: answerHeaders },
    202: { description: 'They are being written.', body: insights, headers: answerHeaders },
  },
  errors: admissionErrors,
  async handle({ body, headers, principal, idempotencyKey, requestId, deps, signal }) {
    const admitted = await orderText(
      {
        model: body.model,
        defaultModel: deps.config.INSIGHTS_MODEL,
        messages: instruct(body),
        pointer: '/data',
        maxOutputTokens: body.max_output_tokens,
        responseFormat: insightsShape.responseFormat,
      },
      { body, principal, idempotencyKey, requestId, deps },
    );
    return replyWithAnswer(admitted, headers.prefer, { principal, deps, signal }, (row) => ({
      body: presentInsights(row, deps.publicUrl),
      path: `/assistant/insights/${row.id}`,
    }));
  },
});

function instruct({ data, question, count, language }: CreateInsightsBody): ChatMessage[] {
  const system = [
    `You look into the data of a business and report what its people should know: ${count} insights at most, the most ` +
      'important first. Give each a short title, a summary, a category of one or two words, how severe it is, the facts ' +
      'and figures of the data that prove it, and what to do. Report nothing that the data does not show; when it shows ' +
      'nothing, give an empty list.',
    askLanguage(language, question === undefined ? 'the data' : 'the question'),
  ];
  return [
    { role: 'system', content: system.join('\n\n') },
    { role: 'user', content: [...(question === undefined ? [] : [question]), quoteData(data)].join('\n\n') },
  ];
}
