import type { FieldRule, FieldRules } from '../../field-rules.ts';
import type { OutputPlan } from '../../plan-task.ts';
import type { InvalidParam } from './replies.ts';

export interface FreepikModel {
  name: string;
  /** Where tasks are created and listed. */
  path: string;
  /** One task is at `<statusPath>/{task-id}`; models may share it, and it need not begin like `path`. */
  statusPath: string;
  /** What the list of creations calls it. */
  tool: 'text-to-image' | 'image-upscaler' | 'image-to-video';
  rules: FieldRules;
  /** The answer to a create call already has a list of outputs, which is empty. */
  isListedAtOnce: boolean;
  /** Answers of this model say for each picture whether it is unfit for work. */
  hasNsfwFlags: boolean;
  /** What the model makes of a valid body. */
  measure(body: Record<string, unknown>): OutputPlan;
  /** What is wrong with fields that are right each for itself. */
  check?(body: Record<string, unknown>): InvalidParam[];
}

export const bytes: FieldRule = { type: 'string', pattern: /^[A-Za-z0-9+/]*={0,2}$/ };
export const webhookUrl: FieldRule = { type: 'string', pattern: /^https?:\/\/\S+$/ };
