/** No speech that a model of any provider makes in one request is longer. */
export const soundBytesMax = 200 * 1024 * 1024;

/** A header and a moment of sound in any format. */
const soundBytesMin = 200;

/** Whether a successful answer can be a sound at all; what it is exactly is found out where outputs are stored. */
export function isSound(contentType: string | null, bytes: Uint8Array): boolean {
  return /^(audio\/|application\/octet-stream)/i.test(contentType ?? '') && bytes.length >= soundBytesMin;
}
