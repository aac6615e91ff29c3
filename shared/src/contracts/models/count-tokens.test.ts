import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countChatTokens, countInputTokens, countTokens, inputTokensMax } from './count-tokens.ts';

describe('countTokens', () => {
  // https://platform.openai.com/tokenizer for o200k_base.
  it.each([
    ['', 0],
    ['hello world', 2],
    ['Olá, tudo bem?', 5],
    ['tokenization', 2],
  ])('counts %j as OpenAI does: %i', (text, tokens) => {
    expect(countTokens(text)).toBe(tokens);
  });

  it('takes what looks like a control token for text', () => {
    expect(countTokens('<|endoftext|>')).toBeGreaterThan(1);
  });

  it('never counts more tokens than bytes, and some for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 2_000 }), (text) => {
        const tokens = countTokens(text);
        expect(tokens).toBeGreaterThan(0);
        expect(tokens).toBeLessThanOrEqual(Buffer.byteLength(text));
      }),
    );
  });

  const sentence = 'A vida é um moinho, e a roda gira sem parar. ';

  it('counts a long text by samples, never below what it has and not far above', () => {
    const per = countTokens(sentence.repeat(100)) / 100;
    for (const times of [2_000, 10_000]) {
      const exact = per * times;
      const counted = countTokens(sentence.repeat(times));
      expect(counted).toBeGreaterThanOrEqual(exact);
      expect(counted).toBeLessThan(exact * 1.25);
    }
  });

  it('sees a dense part within a long text', () => {
    const light = 'a'.repeat(300_000);
    const dense = Array.from({ length: 300_000 }, (_, index) => String.fromCharCode(33 + ((index * 7_919) % 90))).join(
      '',
    );
    expect(countTokens(light + dense)).toBeGreaterThan(countTokens(dense) * 0.9);
  });

  it('is not held up by a text without breaks', () => {
    countTokens('loaded');
    for (const run of ['a', '日本語', '!?', ' ', '\n', '😀']) {
      const text = run.repeat(1_000_000 / run.length);
      const startedMs = performance.now();
      countTokens(text);
      // Quadratic time would be minutes; the bound leaves room for a machine that is busy otherwise.
      expect(performance.now() - startedMs).toBeLessThan(5_000);
    }
  });
});

describe('a conversation', () => {
  it('counts for each message what the protocol adds, as the cookbook does', () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi', name: 'Ana' },
    ];
    const words = ['system', 'Be brief.', 'user', 'Hi', 'Ana']
      .map(countTokens)
      .reduce((sum, tokens) => sum + tokens, 0);
    const overhead = 3 + 2 * 3 + 1;
    expect(countChatTokens(messages)).toBeGreaterThanOrEqual(words + overhead);
    expect(countChatTokens(messages)).toBeLessThan(words + overhead + messages.length * 4);
  });

  it('counts parts as their text', () => {
    const parts = [{ role: 'user', content: [{ text: 'Hello' }, { text: 'world' }] }];
    expect(countChatTokens(parts)).toBe(countChatTokens([{ role: 'user', content: 'Hello\nworld' }]));
  });

  it('counts both forms alike, and instructions and the schema of the answer too', () => {
    const chat = countInputTokens({ messages: [{ role: 'user', content: 'Hello world' }] });
    expect(countInputTokens({ input: 'Hello world' })).toBe(chat);
    expect(countInputTokens({ input: [{ role: 'user', content: 'Hello world' }] })).toBe(chat);
    expect(countInputTokens({ input: 'Hello world', instructions: 'Be brief.' })).toBeGreaterThan(chat + 3);
    const format = { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' } } };
    expect(countInputTokens({ messages: [{ role: 'user', content: 'Hello world' }], response_format: format })).toBe(
      chat + countTokens(JSON.stringify(format)),
    );
    expect(countInputTokens({ input: 'Hello world', text: { format } })).toBe(
      chat + countTokens(JSON.stringify(format)),
    );
  });

  it('leaves room for what other vocabularies need', () => {
    const input = { input: 'A vida é um moinho. '.repeat(200) };
    const counted = countInputTokens(input);
    expect(inputTokensMax(input, 'own')).toBeGreaterThan(counted);
    expect(inputTokensMax(input, 'own')).toBeLessThan(counted + 100);
    expect(inputTokensMax(input, 'foreign')).toBeGreaterThan(counted * 1.25);
  });
});
