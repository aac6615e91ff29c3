import { makeMp3, makePcm, makeWav } from '../../media/make-audio.ts';
import type { Speech } from '../../text/send-speech.ts';

const telephoneRate = 8000;
/** What telephone codecs write for no sound. */
const silentBytes: Readonly<Record<string, number>> = { ulaw: 0xff, alaw: 0xd5 };

/** Silence in one of the provider's formats, such as `mp3_44100_128`; null for those that need an encoder. */
export function makeSpeech(format: string, seconds: number): Speech | null {
  const [codec = '', rateText] = format.split('_');
  const rate = Number(rateText);
  switch (codec) {
    case 'mp3':
      return { contentType: 'audio/mpeg', bytes: () => makeMp3(seconds) };
    case 'pcm':
      return { contentType: 'audio/pcm', bytes: () => makePcm(seconds, rate) };
    case 'wav':
      return { contentType: 'audio/wav', bytes: () => makeWav(seconds, rate) };
    case 'ulaw':
    case 'alaw':
      return {
        contentType: 'audio/basic',
        bytes: () => Buffer.alloc(Math.round(seconds * telephoneRate), silentBytes[codec]),
      };
    default:
      return null;
  }
}
