import { randomUUID } from 'node:crypto';
import { notAnImage } from '../../deliver-output.ts';
import { findViolations } from '../../field-rules.ts';
import { planTask } from '../../plan-task.ts';
import type { Sandbox } from '../../sandbox.ts';
import type { Reply } from '../../send-reply.ts';
import type { PictureFormat, Task } from '../../task.ts';
import { answerJson } from '../../text/answer-json.ts';
import type { PaidCall, PaidEndpoint, Verdict } from '../provider.ts';
import {
  defaultModel,
  findOpenaiModel,
  generationRules,
  outputTokens,
  type Quality,
  readSize,
  standardSizes,
} from './models.ts';
import { failure, invalidField, invalidValue, modelNotFound, moderationBlocked, openaiVoice } from './replies.ts';

interface Settings {
  size: string;
  quality: Quality;
  background: 'transparent' | 'opaque';
  format: PictureFormat;
}

/** POST /images/generations. The answer holds the pictures themselves, so the call lasts as long as the work. */
export function generateImages(sandbox: Sandbox): PaidEndpoint {
  return {
    voice: openaiVoice,
    readPrompt: (body) => body.prompt,
    submit: (call) => submit(sandbox, call),
  };
}

function submit(sandbox: Sandbox, call: PaidCall): Verdict {
  const { body, fault, res } = call;
  const violation = findViolations(body, generationRules)[0];
  if (violation) return reject(invalidField(violation));
  const model = findOpenaiModel(textOr(body.model, defaultModel), 'image');
  if (!model) return reject(modelNotFound(textOr(body.model, defaultModel)));
  const size = readSize(model, textOr(body.size, 'auto'));
  if (!size) return reject(invalidSize(model.isSizeFree, body.size));
  if (body.background === 'transparent' && body.output_format === 'jpeg') {
    return reject(
      failure(400, {
        message: 'Transparent background is not supported for JPEG output format.',
        param: 'background',
        code: 'invalid_value',
      }),
    );
  }
  if (body.stream === true) {
    return reject(
      failure(400, { message: 'Streaming is not offered here.', param: 'stream', code: 'unsupported_value' }),
    );
  }
  if (fault === 'refused') return reject(moderationBlocked(String(res.getHeader('x-request-id'))));

  const settings: Settings = {
    size: `${size.width}x${size.height}`,
    quality: body.quality === 'low' || body.quality === 'high' ? body.quality : 'medium',
    background: body.background === 'transparent' ? 'transparent' : 'opaque',
    format: body.output_format === 'jpeg' || body.output_format === 'webp' ? body.output_format : 'png',
  };
  const task = planTask(sandbox, call, {
    id: `img_${randomUUID().replaceAll('-', '')}`,
    provider: openaiVoice.name,
    model: model.id,
    variant: model.id,
    input: body,
    ...size,
    count: typeof body.n === 'number' ? body.n : 1,
    format: settings.format,
    refusal: '',
    failure: 'server_error',
  });
  const answer = () => answerJson(res, task, openaiVoice, () => present(sandbox, task, settings));
  return { isAccepted: true, task, answer };
}

async function present(sandbox: Sandbox, task: Task, settings: Settings) {
  return {
    created: Math.floor(task.createdAtMs / 1000),
    background: settings.background,
    data: await pictures(sandbox, task),
    output_format: settings.format,
    quality: settings.quality,
    size: settings.size,
    usage: usage(task, settings.quality),
  };
}

async function pictures(sandbox: Sandbox, task: Task): Promise<{ b64_json: string }[]> {
  if (task.fault === 'empty_output') return [];
  const indices = Array.from({ length: task.picture.count }, (_, index) => index);
  return Promise.all(
    indices.map(async (index) => {
      const bytes = task.fault === 'not_an_image' ? notAnImage : await sandbox.studio.picture(task, index);
      return { b64_json: bytes.toString('base64') };
    }),
  );
}

function usage(task: Task, quality: Quality) {
  const { width, height, count } = task.picture;
  // About four characters to a token.
  const input = Math.max(1, Math.ceil(task.prompt.length / 4));
  const output = outputTokens(quality, width, height) * count;
  return {
    input_tokens: input,
    input_tokens_details: { text_tokens: input, image_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { text_tokens: 0, image_tokens: output },
    total_tokens: input + output,
  };
}

function invalidSize(isSizeFree: boolean, size: unknown): Reply {
  if (!isSizeFree) return invalidValue('size', size, standardSizes);
  return failure(400, {
    message: `Invalid size '${size}'. Width and height must be divisible by 16, the ratio between 1:3 and 3:1, and the size 3840x2160 at most.`,
    param: 'size',
    code: 'invalid_value',
  });
}

function textOr(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value : fallback;
}

function reject(reply: Reply): Verdict {
  return { isAccepted: false, reply };
}
