/** Keys that every provider of the sandbox refuses: `invalid`, and those that begin with `invalid-`. */
export function isInvalidKey(key: string): boolean {
  return key === 'invalid' || key.startsWith('invalid-');
}
