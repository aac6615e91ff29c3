import { expect, it } from 'vitest';
import type { ChatMessage } from '../../text/chat-prompt.ts';
import { fitHistory } from './fit-history.ts';

const turn = (name: string, characters: number): ChatMessage[] => [
  { role: 'user', content: `${name}?`.padEnd(characters / 2, '.') },
  { role: 'assistant', content: `${name}!`.padEnd(characters / 2, '.') },
];
const size = (messages: ChatMessage[]) => messages.reduce((sum, { content }) => sum + content.length, 0);

it('keeps the latest turns that fit, whole and in their order', () => {
  const [third, second, first] = [turn('third', 10_000), turn('second', 10_000), turn('first', 10_000)];
  expect(fitHistory([third, second, first])).toEqual([...second, ...third]);
});

it('leaves no hole: behind a turn that does not fit, smaller ones are left out too', () => {
  const [latest, large, small] = [turn('latest', 2_000), turn('large', 24_000), turn('small', 20)];
  expect(fitHistory([latest, large, small])).toEqual(latest);
});

it('cuts the very last turn rather than lose it', () => {
  const kept = fitHistory([turn('long', 100_000), turn('short', 20)]);
  expect(kept.map(({ role }) => role)).toEqual(['user', 'assistant']);
  expect(size(kept)).toBeLessThanOrEqual(24_000);
  expect(kept[1]?.content).toMatch(/^long!.*…$/);
});

it('cuts between characters', () => {
  const [kept] = fitHistory([[{ role: 'user', content: `x${'🪁'.repeat(20_000)}` }]]);
  expect(kept?.content.isWellFormed()).toBe(true);
});

it('is empty for a new conversation', () => {
  expect(fitHistory([])).toEqual([]);
});
