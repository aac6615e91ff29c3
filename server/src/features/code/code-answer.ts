import type { GeneratedCode } from '@base/shared/contracts/text';
import * as z from 'zod';
import { answerShape } from '../../text/answer-shape.ts';
import { presentTextJob, type TextJobRow } from '../../text/present-text-job.ts';
import { readShapedAnswer } from '../../text/read-shaped-answer.ts';

export const codeShape = answerShape(
  'code',
  z.object({ code: z.string(), explanation: z.string(), language: z.string() }),
);

export function presentCode(row: TextJobRow, publicUrl: string): GeneratedCode {
  const { value, problem } = readShapedAnswer(row, codeShape);
  const { code, explanation, language } = value ?? { code: null, explanation: null, language: null };
  return { object: 'code', job: presentTextJob(row, publicUrl), code, explanation, language, problem };
}
