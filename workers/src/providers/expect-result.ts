import { expect } from 'vitest';
import type { Provider, ProviderOutput, SubmitResult } from './provider.ts';

/** For tests: something was made, files that may be fetched or a text that was told piece by piece. */
export function expectOutput(provider: Provider, { files, text }: ProviderOutput, pieces: readonly string[]): void {
  if (text) {
    expect(text.content).not.toBe('');
    expect(pieces.join('')).toBe(text.content);
    if (text.usage !== null) {
      expect(text.usage).toEqual({ tokensIn: expect.any(Number), tokensOut: expect.any(Number) });
    }
    expect(files).toEqual([]);
    return;
  }
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) {
    if (file.kind === 'bytes') expect(file.bytes.length).toBeGreaterThan(0);
    else expect(provider.isOutputHost(new URL(file.url).host)).toBe(true);
  }
}

/** For tests: nobody knows what was bought, except when a part of a text had come: then that is the result. */
export function expectUncertain(result: SubmitResult): void {
  if (result.kind === 'done') expect(result.output.text?.finishReason).toBe('interrupted');
  else expect(result.kind).toBe('unknown');
}
