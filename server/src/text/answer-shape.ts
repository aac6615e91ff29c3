import * as z from 'zod';

/** A form that a model's answer must have: as the model is told, and as the answer is read. */
export interface AnswerShape<T> {
  name: string;
  responseFormat: Record<string, unknown>;
  /** Null when the text does not have the form. */
  read(text: string): T | null;
}

/**
 * Makes a strict `response_format` of a schema whose fields are all required.
 * https://developers.openai.com/api/docs/guides/structured-outputs; TGI and vLLM take the same.
 */
export function answerShape<T>(name: string, schema: z.ZodType<T>): AnswerShape<T> {
  const { $schema: _dialect, ...jsonSchema } = z.toJSONSchema(schema);
  return {
    name,
    responseFormat: { type: 'json_schema', json_schema: { name, strict: true, schema: jsonSchema } },
    read(text) {
      const parsed = schema.safeParse(parseJson(text));
      return parsed.success ? parsed.data : null;
    },
  };
}

/** Servers that know no strict form put JSON into a code block. */
const codeBlock = /^```(?:json)?\s*([\s\S]*?)\s*```$/;

function parseJson(text: string): unknown {
  const bare = text.trim();
  try {
    return JSON.parse(codeBlock.exec(bare)?.[1] ?? bare);
  } catch {
    return null;
  }
}
