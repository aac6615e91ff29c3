/** Whether the check digits of a CPF or CNPJ are right. Separators are ignored; a CNPJ may hold letters since 2026. */
export function isDocument(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  const text = plainDocument(value);
  if (/^\d{11}$/.test(text)) return isCpf(text);
  return /^[0-9A-Z]{12}\d{2}$/.test(text) && isCnpj(text);
}

/** The document without separators, as Asaas stores it. */
export function plainDocument(value: string): string {
  return value.replace(/[.\-/\s]/g, '').toUpperCase();
}

function isCpf(text: string): boolean {
  if (/^(\d)\1+$/.test(text)) return false;
  const digit = (length: number) => {
    const sum = [...text.slice(0, length)].reduce(
      (total, char, index) => total + Number(char) * (length + 1 - index),
      0,
    );
    return ((sum * 10) % 11) % 10;
  };
  return digit(9) === Number(text[9]) && digit(10) === Number(text[10]);
}

function isCnpj(text: string): boolean {
  if (/^(.)\1+$/.test(text)) return false;
  const digit = (length: number) => {
    // Weights go 2 to 9 from the right, again and again; a letter counts as its code less 48, as a digit does.
    const sum = [...text.slice(0, length)].reverse().reduce((total, char, index) => {
      return total + (char.charCodeAt(0) - 48) * (2 + (index % 8));
    }, 0);
    return sum % 11 < 2 ? 0 : 11 - (sum % 11);
  };
  return digit(12) === Number(text[12]) && digit(13) === Number(text[13]);
}
