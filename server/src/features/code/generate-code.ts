import { type GenerateCodeBody, generateCodeBody, generatedCode } from '@base/shared/contracts/text';
import { admissionErrors } from '../../admission/admit-job.ts';
import { preferHeaders } from '../../admission/prefer-wait.ts';
import { endpoint } from '../../http/endpoint.ts';
import type { ChatMessage } from '../../text/chat-prompt.ts';
import { orderText } from '../../text/order-text.ts';
import { answerHeaders, replyWithAnswer } from '../../text/reply-with-answer.ts';
import { codeShape, presentCode } from './code-answer.ts';

export const generateCode = endpoint({
  method: 'post',
  path: '/code/generate',
  tag: 'code',
  summary: 'Have code written and explained',
  description:
    'The code comes with `Prefer: wait=n`, or later from GET /code/{job_id}. It is null, with a `problem`, when the model ' +
    'did not give it in its form. With `project_id` the job is kept in that project.',
  access: 'jobs:write',
  idempotent: true,
  headers: preferHeaders,
  body: generateCodeBody,
  responses: {
    201: { description: 'The code.', body: generatedCode, headers: answerHeaders },
    202: { description: 'It is being written.', body: generatedCode, headers: answerHeaders },
  },
  errors: admissionErrors,
  async handle({ body, headers, principal, idempotencyKey, requestId, deps, signal }) {
    const admitted = await orderText(
      {
        model: body.model,
        defaultModel: deps.config.CODE_MODEL,
        messages: instruct(body),
        pointer: '/prompt',
        maxOutputTokens: body.max_output_tokens,
        responseFormat: codeShape.responseFormat,
        projectId: body.project_id,
      },
      { body, principal, idempotencyKey, requestId, deps },
    );
    return replyWithAnswer(admitted, headers.prefer, { principal, deps, signal }, (row) => ({
      body: presentCode(row, deps.publicUrl),
      path: `/code/${row.id}`,
    }));
  },
});

function instruct({ role, prompt, language }: GenerateCodeBody): ChatMessage[] {
  const system = [
    `You are a ${role}. Write code that is complete and works as it is${language === undefined ? '' : `, in ${language}`}.`,
    'Put nothing but the code into "code", without Markdown around it; into "explanation" how it works and how it is ' +
      'used, in the language of the request; into "language" the name of the programming language.',
  ];
  return [
    { role: 'system', content: system.join('\n\n') },
    { role: 'user', content: prompt },
  ];
}
