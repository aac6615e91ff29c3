import { type FieldRule, type FieldRules, isJsonObject, type Violation } from '../field-rules.ts';
import { below, type FieldShapes, findViolation } from './field-shapes.ts';

/** How one protocol writes messages. */
export interface MessageRules {
  fields: FieldRules;
  /** By the part's type. */
  parts: Readonly<Record<string, FieldRules>>;
  isContentNullable: boolean;
}

export interface Conversation {
  /** The last message of the user. */
  prompt: string;
  inputText: string;
}

/** What is said in messages, whatever else is wrong with them. */
export function readMessages(messages: unknown): Conversation {
  const said = (Array.isArray(messages) ? messages : []).filter(isJsonObject);
  const last = said.findLast((message) => message.role === 'user');
  return {
    prompt: last === undefined ? '' : textOf(last.content),
    inputText: said.map((message) => textOf(message.content)).join(''),
  };
}

/** The first thing that the provider does not document about messages in the field `field`, or null. */
export function findMessageViolation(field: string, messages: unknown, rules: MessageRules): Violation | null {
  for (const [index, message] of (Array.isArray(messages) ? messages : []).entries()) {
    if (!isJsonObject(message)) continue;
    const violation = findViolation(message, rules.fields, contentShapes(rules, message.role));
    if (violation) return below([field, index], violation);
    for (const [place, part] of (Array.isArray(message.content) ? message.content : []).entries()) {
      const found = isJsonObject(part) ? findPartViolation(part, rules) : null;
      if (found) return below([field, index, 'content', place], found);
    }
  }
  return null;
}

function contentShapes({ isContentNullable }: MessageRules, role: unknown): FieldShapes {
  // An assistant that called tools has said nothing.
  const isNullable = isContentNullable && role === 'assistant';
  const common = { isRequired: !isNullable, isNullable };
  return {
    content: [
      { type: 'string', ...common },
      { type: 'array', min: 1, item: { type: 'object' }, ...common },
    ],
  };
}

function findPartViolation(part: Record<string, unknown>, rules: MessageRules): Violation | null {
  const type: FieldRule = { type: 'string', isRequired: true, values: Object.keys(rules.parts) };
  const fields = typeof part.type === 'string' ? rules.parts[part.type] : undefined;
  // Without a known type nothing can be said about the other fields.
  return fields === undefined
    ? findViolation({ type: part.type }, { type }, {})
    : findViolation(part, { type, ...fields }, {});
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  const parts = (Array.isArray(content) ? content : []).filter(isJsonObject);
  return parts.map((part) => (typeof part.text === 'string' ? part.text : '')).join('\n');
}
