import { describe, expect, it } from 'vitest';
import { findModelContract, modelContracts } from './model-registry.ts';

const limits = { resolutionMax: 1024 };
const messages = [{ role: 'user', content: 'Write a haiku about a mill.' }];

function contractOf(id: string) {
  const contract = findModelContract(id);
  if (!contract) throw new Error(`no model ${id}`);
  return contract;
}

/** What is wrong with an input, as `path: message`. */
function problems(id: string, input: unknown): string[] {
  const { error } = contractOf(id).input.safeParse(input);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

const textModels = modelContracts.filter(({ type }) => type === 'text').map(({ id }) => id);

describe.each(textModels)('%s', (id) => {
  it('is bounded when the caller leaves it open, and measured by tokens', () => {
    const contract = contractOf(id);
    const input = contract.complete(contract.input.parse({ messages }), limits);
    expect(input).toMatchObject({ messages, max_completion_tokens: 4_096 });
    const { units, tokens } = contract.measure(input);
    expect(units).toBe(0);
    expect(tokens?.output).toBe(4_096);
    expect(tokens?.input).toBeGreaterThan(15);
    expect(tokens?.input).toBeLessThan(300);
  });

  it('keeps the bound that the caller set, within the model’s', () => {
    const contract = contractOf(id);
    const input = contract.complete(contract.input.parse({ messages, max_completion_tokens: 77 }), limits);
    expect(contract.measure(input).tokens?.output).toBe(77);
    expect(problems(id, { messages, max_completion_tokens: 1_000_000 })).toHaveLength(1);
    expect(problems(id, { messages, max_completion_tokens: 0 })).toHaveLength(1);
  });

  it.each([
    ['stream', true],
    ['n', 2],
    ['store', true],
    ['tools', []],
    ['background', true],
    ['previous_response_id', 'resp_1'],
    ['service_tier', 'priority'],
    ['user', 'me'],
  ])('leaves %s to the platform', (name, value) => {
    expect(problems(id, { messages, [name]: value })).toHaveLength(1);
  });

  it('takes text only, and some', () => {
    const image = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } };
    for (const bad of [
      [],
      'Hello',
      [{ role: 'user' }],
      [{ role: 'tool', content: 'x' }],
      [{ role: 'user', content: [image] }],
    ]) {
      expect(problems(id, { messages: bad })).not.toEqual([]);
    }
    expect(problems(id, { messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }] })).toEqual([]);
  });
});

describe('the two forms of OpenAI', () => {
  const id = 'openai/gpt-6-luna';

  it('bounds a response by the name that it has there', () => {
    const contract = contractOf(id);
    const input = contract.complete(contract.input.parse({ input: 'Hello' }), limits);
    expect(input).toEqual({ input: 'Hello', max_output_tokens: 4_096 });
    expect(contract.measure(input).tokens?.output).toBe(4_096);
  });

  it.each([
    ['neither', {}, ': must have either messages (Chat Completions) or input (Responses)'],
    ['both', { messages, input: 'Hello' }, ': must have either messages (Chat Completions) or input (Responses)'],
    [
      'chat with a field of responses',
      { messages, max_output_tokens: 100 },
      'max_output_tokens: cannot be combined with messages',
    ],
    ['a response with a field of chat', { input: 'Hello', stop: 'x' }, 'stop: cannot be combined with input'],
    [
      'a response with the chat’s effort',
      { input: 'Hello', reasoning_effort: 'low' },
      'reasoning_effort: cannot be combined with input',
    ],
  ])('refuses %s by name', (_, input, problem) => {
    expect(problems(id, input)).toEqual([problem]);
  });

  it('takes sampling options of a reasoning model only where OpenAI does', () => {
    expect(problems(id, { messages, temperature: 0.5 })).toEqual([
      'temperature: can only be set with the reasoning effort "none"',
    ]);
    expect(problems(id, { messages, temperature: 0.5, top_p: 0.5, reasoning_effort: 'none' })).toEqual([]);
    expect(problems(id, { input: 'Hello', top_p: 0.5, reasoning: { effort: 'none' } })).toEqual([]);
    expect(problems('openai/gpt-4.1-mini', { messages, temperature: 0.5 })).toEqual([]);
    expect(problems('openai/gpt-4.1-mini', { messages, reasoning_effort: 'none' })).toHaveLength(1);
  });
});
