import type { ChatMessage } from '../../text/chat-prompt.ts';

/** About 6,000 tokens: enough to follow a conversation, and cheap enough to be read again with every message. */
const charactersMax = 24_000;

/**
 * What a model is told of a conversation: its latest turns that fit, oldest first. The very last one is always there, if
 * need be cut: a question about an answer makes no sense without it.
 * @param turns newest first; each is what the user said and what was answered, or one message of either
 */
export function fitHistory(turns: readonly (readonly ChatMessage[])[]): ChatMessage[] {
  const kept: ChatMessage[][] = [];
  let room = charactersMax;
  for (const turn of turns) {
    const characters = turn.reduce((sum, message) => sum + message.content.length, 0);
    if (characters > room) {
      if (kept.length === 0) kept.push(turn.map((message) => cut(message, Math.floor(room / turn.length))));
      break;
    }
    kept.push([...turn]);
    room -= characters;
  }
  return kept.reverse().flat();
}

function cut({ role, content }: ChatMessage, charactersMaxOfOne: number): ChatMessage {
  if (content.length <= charactersMaxOfOne) return { role, content };
  return { role, content: `${content.slice(0, charactersMaxOfOne - 1).toWellFormed()}…` };
}
