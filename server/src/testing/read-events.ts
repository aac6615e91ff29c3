export interface ReadEvent {
  id: string | null;
  event: string;
  // Parsed JSON; tests know what they have sent.
  data: Record<string, unknown>;
}

export interface EventReader {
  /** What has come so far. */
  events: ReadEvent[];
  /** Resolves when the server has ended the stream. */
  ended: Promise<void>;
  leave(): void;
}

/** Opens a stream of server-sent events and collects them. */
export async function readEvents(
  url: string,
  token: string,
  headers: Record<string, string> = {},
): Promise<EventReader> {
  const left = new AbortController();
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}`, ...headers }, signal: left.signal });
  if (response.status !== 200 || response.body === null)
    throw new Error(`no stream: ${response.status} ${await response.text()}`);
  const events: ReadEvent[] = [];
  const collect = async (body: ReadableStream<Uint8Array>): Promise<void> => {
    let rest = '';
    for await (const text of body.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + text).split('\n\n');
      rest = blocks.pop() ?? '';
      events.push(...blocks.flatMap(parseEvent));
    }
  };
  const ended = collect(response.body).catch((error: unknown) => {
    if (!left.signal.aborted) throw error;
  });
  return { events, ended, leave: () => left.abort() };
}

function parseEvent(block: string): ReadEvent[] {
  const fields = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  const [event, data] = [fields.get('event'), fields.get('data')];
  return event === undefined || data === undefined
    ? []
    : [{ id: fields.get('id') ?? null, event, data: JSON.parse(data) }];
}
