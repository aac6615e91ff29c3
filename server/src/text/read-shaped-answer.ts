import type { AnswerShape } from './answer-shape.ts';
import { readAnswer, type TextJobRow } from './present-text-job.ts';

export interface ShapedAnswer<T> {
  value: T | null;
  /** Why a completed job has none. */
  problem: string | null;
}

/** Reads a job's answer by the shape that was asked for; a completed job without it says why. */
export function readShapedAnswer<T>(row: TextJobRow, shape: AnswerShape<T>): ShapedAnswer<T> {
  const answer = readAnswer(row);
  if (answer === null) return { value: null, problem: null };
  const value = shape.read(answer.text);
  return { value, problem: value === null ? explain(answer.finish_reason) : null };
}

function explain(finishReason: string): string {
  switch (finishReason) {
    case 'length':
      return 'The answer was cut at its limit of tokens; a larger max_output_tokens leaves room for all of it.';
    case 'content_filter':
      return 'The provider held a part of the answer back.';
    case 'interrupted':
      return 'The answer broke off while the model was writing it.';
    default:
      return 'The model did not keep to the form that it was asked for.';
  }
}
