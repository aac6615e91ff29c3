import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countTokens, cutToTokens } from './count-tokens.ts';
import { fillSchema } from './fill-schema.ts';
import { writeSentences } from './write-sentences.ts';

const ajv = new Ajv({ strict: false });
formats.default(ajv);

const words = { type: 'string' };

describe('a JSON schema is satisfied', () => {
  test.each([
    [
      'flat fields',
      { type: 'object', properties: { title: words, done: { type: 'boolean' } }, required: ['title', 'done'] },
    ],
    ['lists', { type: 'array', items: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] } }],
    ['long lists', { type: 'array', items: words, minItems: 5, maxItems: 6 }],
    ['short lists', { type: 'array', items: words, maxItems: 1 }],
    [
      'enum and const',
      { type: 'object', properties: { a: { enum: ['x', 'y'] }, b: { const: 7 } }, required: ['a', 'b'] },
    ],
    ['nullable types', { type: 'object', properties: { a: { type: ['null', 'number'] } }, required: ['a'] }],
    ['alternatives', { anyOf: [{ type: 'null' }, { type: 'object', properties: { a: words }, required: ['a'] }] }],
    [
      'parts put together',
      {
        allOf: [{ $ref: '#/$defs/a' }, { type: 'object', properties: { b: words }, required: ['b'] }],
        $defs: { a: { type: 'object', properties: { a: words }, required: ['a'] } },
      },
    ],
    ['numbers in bounds', { type: 'array', items: { type: 'number', minimum: 0.2, exclusiveMaximum: 0.3 } }],
    ['negative numbers', { type: 'number', exclusiveMaximum: -4 }],
    ['whole numbers in bounds', { type: 'integer', exclusiveMinimum: 10, maximum: 11 }],
    ['multiples', { type: 'integer', minimum: 17, multipleOf: 5 }],
    [
      'strings in bounds',
      {
        type: 'object',
        properties: { short: { ...words, maxLength: 3 }, long: { ...words, minLength: 90 } },
        required: ['short', 'long'],
      },
    ],
    ['formats', { type: 'array', items: { type: 'string', format: 'date-time' } }],
    [
      'references',
      {
        type: 'object',
        properties: { who: { $ref: '#/$defs/person' } },
        required: ['who'],
        $defs: { person: { type: 'object', properties: { name: words }, required: ['name'] } },
      },
    ],
    [
      'recursion through a list',
      { type: 'object', properties: { children: { type: 'array', items: { $ref: '#' } } }, required: ['children'] },
    ],
    [
      'recursion through null',
      { type: 'object', properties: { next: { anyOf: [{ $ref: '#' }, { type: 'null' }] } }, required: ['next'] },
    ],
    [
      'recursion through a field that may be left out',
      { type: 'object', properties: { name: words, next: { $ref: '#' } }, required: ['name'] },
    ],
  ])('%s', (_title, schema) => {
    const value = fillSchema(schema, 'a piece of the prompt');
    expect(ajv.validate(schema, value), JSON.stringify(value)).toBe(true);
  });

  test('with the prompt in its strings and two items in its lists', () => {
    expect(fillSchema({ type: 'array', items: words }, 'a cat')).toEqual(['a cat', 'a cat']);
  });
});

describe('sentences', () => {
  test('are the same for the same prompt, name it, and differ between prompts', () => {
    expect(writeSentences('a red boat', undefined)).toBe(writeSentences('a red boat', undefined));
    expect(writeSentences('a red boat', undefined)).toContain('“a red boat”');
    expect(writeSentences('a red boat', undefined)).not.toBe(writeSentences('a blue boat', undefined));
  });

  test('are exactly as many tokens as asked for, whatever the prompt', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 600 }), (prompt, tokens) => {
        const text = writeSentences(prompt, tokens);
        expect(countTokens(text)).toBe(tokens);
        expect(text.isWellFormed()).toBe(true);
      }),
    );
  });
});

test('four characters begun are a token, also when each is two units long', () => {
  expect([countTokens(''), countTokens('a'), countTokens('abcd'), countTokens('abcde')]).toEqual([0, 1, 1, 2]);
  expect(countTokens('😀😀😀😀')).toBe(1);
  expect(cutToTokens('😀😀😀😀😀', 1)).toBe('😀😀😀😀');
});
