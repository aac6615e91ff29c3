export interface ServerEvent {
  name: string | null;
  /** The text of its data when that is not JSON. */
  data: EventFields;
}

/** The fields of all providers' events that tests look into. Which of them an event has, its test knows. */
export interface EventFields {
  type: string;
  sequence_number: number;
  delta: string;
  choices: { delta: { content?: string }; finish_reason: string | null }[];
  usage?: { total_tokens: number; cost: number } | null;
  response: { status: string; output: unknown[] };
  error: { code: number; message: string };
  audio: string;
}

/** The events of a whole stream, comments left out. */
export function readEvents(stream: string): ServerEvent[] {
  return stream
    .split('\n\n')
    .map((block) => block.split('\n'))
    .filter((lines) => lines.some((line) => line.startsWith('data: ')))
    .map((lines) => ({
      name: readLine(lines, 'event: ') ?? null,
      data: parse(readLine(lines, 'data: ') ?? '') as EventFields, // A wrong shape fails the assertions that look into it.
    }));
}

function readLine(lines: string[], name: string): string | undefined {
  return lines.find((line) => line.startsWith(name))?.slice(name.length);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
