import type { FieldRule, FieldRules } from '../../field-rules.ts';
import type { OutputPlan } from '../../plan-task.ts';
import type { InvalidField } from './replies.ts';

export interface ReplicateModel {
  /** owner/name */
  name: string;
  /** Official models are run by name; the others by one of these versions. */
  versions: readonly string[];
  rules: FieldRules;
  /** Whether the output is a list of URLs or one URL. */
  isOutputList: boolean;
  /** What the model makes of a valid input. */
  measure(input: Record<string, unknown>): OutputPlan;
  /** What is wrong with fields that are right each for itself. */
  check?(input: Record<string, unknown>): InvalidField[];
}

/** A link or a data URI. */
export const fileUri: FieldRule = { type: 'string', pattern: /^(https?:\/\/|data:)/ };
