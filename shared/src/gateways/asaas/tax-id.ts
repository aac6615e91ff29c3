/** A CPF or CNPJ without separators, as Asaas keeps it. */
export function plainTaxId(text: string): string {
  return text.replace(/[.\-/\s]/g, '').toUpperCase();
}

/** Whether it is a CPF or CNPJ, by its check digits. Separators do not matter; a CNPJ may hold letters since 2026. */
export function isTaxId(text: string): boolean {
  const plain = plainTaxId(text);
  // One digit, again and again, passes the sums, and belongs to nobody.
  if (/^(.)\1*$/.test(plain)) return false;
  if (/^\d{11}$/.test(plain)) return hasCheckDigits(plain, 9, 11);
  return /^[0-9A-Z]{12}\d{2}$/.test(plain) && hasCheckDigits(plain, 12, 9);
}

/** Weights go from 2 upwards, from the right, and begin anew after the highest. A letter counts as its code less 48. */
function hasCheckDigits(plain: string, bodyLength: number, weightMax: number): boolean {
  return [bodyLength, bodyLength + 1].every((length) => {
    const sum = [...plain.slice(0, length)].reverse().reduce((total, char, index) => {
      return total + (char.charCodeAt(0) - 48) * (2 + (index % (weightMax - 1)));
    }, 0);
    const digit = sum % 11 < 2 ? 0 : 11 - (sum % 11);
    return digit === Number(plain[length]);
  });
}
