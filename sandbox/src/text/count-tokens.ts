const charactersPerToken = 4;

/** The rule by which all text providers of the sandbox count: a token for every four characters (code points) begun. */
export function countTokens(text: string): number {
  return Math.ceil(Array.from(text).length / charactersPerToken);
}

/** The longest beginning of a text that counts as `tokens` at most. */
export function cutToTokens(text: string, tokens: number): string {
  // A code point has two units at most, so nothing beyond twice the length need be looked at.
  const beginning = Array.from(text.slice(0, tokens * charactersPerToken * 2));
  return beginning.slice(0, tokens * charactersPerToken).join('');
}
