import { createRequire } from 'node:module';
import sharp, { type Sharp } from 'sharp';
import type { PictureFormat } from './task.ts';

export interface Drawing {
  prompt: string;
  /** A small line under the prompt. */
  caption: string;
  width: number;
  height: number;
}

const fontPath = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf');
const promptCharactersMax = 600;

/** Draws the prompt in white over a gradient whose colours derive from it; gives encoded bytes of exactly that size. */
export async function drawPicture(drawing: Drawing & { format: PictureFormat }): Promise<Buffer> {
  return encode(await compose(drawing), drawing.format).toBuffer();
}

/** The same as raw RGB, three bytes a pixel. */
export async function drawPixels(drawing: Drawing): Promise<Buffer> {
  return (await compose(drawing)).removeAlpha().raw().toBuffer();
}

async function compose(drawing: Drawing): Promise<Sharp> {
  const { width, height } = drawing;
  const picture = sharp(gradientCorners(drawing.prompt), { raw: { width: 2, height: 2, channels: 3 } }).resize(
    width,
    height,
    { fit: 'fill', kernel: 'cubic' },
  );
  if (drawing.prompt.trim() !== '' || drawing.caption !== '') {
    const text = await drawText(drawing);
    picture.composite([{ input: text.data, raw: text.raw }]);
  }
  return picture;
}

async function drawText({ prompt, caption, width, height }: Drawing) {
  const boxWidth = Math.floor(width * 0.86);
  const boxHeight = Math.floor(height * 0.86);
  const shown = prompt.length > promptCharactersMax ? `${prompt.slice(0, promptCharactersMax)}…` : prompt;
  const fontSize = promptFontSize(shown.length, boxWidth, boxHeight);
  const captionSize = Math.max(6, Math.min(fontSize, Math.round(boxWidth / 28)));
  const lines = [`<span size="${fontSize * 1024}">${escapeMarkup(shown) || ' '}</span>`];
  if (caption) lines.push(`<span size="${captionSize * 1024}">\n${escapeMarkup(caption)}</span>`);
  const input = {
    text: `<span foreground="white">${lines.join('\n')}</span>`,
    font: 'DejaVu Sans Bold',
    fontfile: fontPath,
    width: boxWidth,
    // At 72 dots per inch a point is a pixel.
    dpi: 72,
    rgba: true,
    align: 'centre',
    wrap: 'word-char',
  } as const;
  const written = await sharp({ text: input }).raw().toBuffer({ resolveWithObject: true });
  if (written.info.width <= width && written.info.height <= height) return rawPicture(written);
  const raw = { width: written.info.width, height: written.info.height, channels: 4 } as const;
  const fitted = sharp(written.data, { raw }).resize(boxWidth, boxHeight, { fit: 'inside' }).raw();
  return rawPicture(await fitted.toBuffer({ resolveWithObject: true }));
}

function rawPicture({ data, info }: { data: Buffer; info: { width: number; height: number } }) {
  return { data, raw: { width: info.width, height: info.height, channels: 4 as const } };
}

/** The size in pixels at which the text fills about half of its box, within what still reads well. */
function promptFontSize(length: number, boxWidth: number, boxHeight: number): number {
  // A bold letter is about 0.7 of its size wide, a line about 1.2 high.
  const filling = Math.sqrt((boxWidth * boxHeight * 0.5) / (Math.max(length, 8) * 0.7 * 1.2));
  const smallest = Math.max(8, Math.min(boxWidth, boxHeight) / 34);
  return Math.round(Math.max(smallest, Math.min(filling, Math.min(boxWidth, boxHeight) / 7)));
}

/** Four corner colours as raw RGB, dark enough for white text. */
function gradientCorners(prompt: string): Buffer {
  const hue = hashText(prompt) % 360;
  return Buffer.from([0, 40, 190, 75].flatMap((turn, corner) => hueToRgb((hue + turn) % 360, 0.22 + corner * 0.03)));
}

/** FNV-1a. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** HSL to RGB at a fixed saturation of 65 percent. */
function hueToRgb(hue: number, lightness: number): [number, number, number] {
  const reach = 0.65 * Math.min(lightness, 1 - lightness);
  const channel = (offset: number) => {
    const place = (offset + hue / 30) % 12;
    return Math.round(255 * (lightness - reach * Math.max(-1, Math.min(place - 3, 9 - place, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}

/** Pango markup allows neither bare markup characters, control characters nor lone surrogates. */
function escapeMarkup(text: string): string {
  return text
    .toWellFormed()
    .replace(/\p{Cc}+/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

/** Cheap settings: these pictures are looked at, not kept. */
function encode(picture: Sharp, format: PictureFormat): Sharp {
  if (format === 'webp') return picture.webp({ quality: 80, effort: 0 });
  if (format === 'jpeg') return picture.jpeg({ quality: 82 });
  return picture.png({ compressionLevel: 3 });
}
