import { type Insight, type Insights, insight } from '@base/shared/contracts/text';
import * as z from 'zod';
import { answerShape } from '../../text/answer-shape.ts';
import { presentTextJob, type TextJobRow } from '../../text/present-text-job.ts';
import { readShapedAnswer } from '../../text/read-shaped-answer.ts';

/** A strict form is an object at the top. */
export const insightsShape = answerShape<{ insights: Insight[] }>('insights', z.object({ insights: z.array(insight) }));

export function presentInsights(row: TextJobRow, publicUrl: string): Insights {
  const { value, problem } = readShapedAnswer(row, insightsShape);
  return { object: 'insights', job: presentTextJob(row, publicUrl), insights: value?.insights ?? null, problem };
}
