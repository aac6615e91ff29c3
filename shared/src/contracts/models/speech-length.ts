/**
 * Slow speech. Narrators say 14 to 16 characters a second in languages with letters; 8 leaves room for pauses and slow
 * voices. https://help.elevenlabs.io: 1,000 characters are about a minute.
 */
const charactersPerSecond = 8;
const secondsMin = 5;
/** A sign that stands for a syllable or more, and a digit, which may become a word, take as long as several letters. */
const syllable = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu;
const digit = /\p{N}/gu;
const lettersPerSyllable = 3;
const lettersPerDigit = 5;

/**
 * The longest that a text may last when it is spoken, in whole seconds; real speech is about half of it.
 * @param speed 1 is the voice's own pace
 */
export function longestSpeechSeconds(text: string, speed: number): number {
  const extra = count(text, syllable) * (lettersPerSyllable - 1) + count(text, digit) * (lettersPerDigit - 1);
  return Math.max(secondsMin, Math.ceil((text.length + extra) / charactersPerSecond / speed));
}

/** What a speech model makes, in minutes as its price has it. */
export function measureSpeech(text: string, speed = 1): { units: number; seconds: number } {
  const seconds = longestSpeechSeconds(text, speed);
  return { units: seconds / 60, seconds };
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}
