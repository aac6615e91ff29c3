import { stripDirectives } from './directives.ts';
import { type Drawing, drawPicture, drawPixels } from './draw-picture.ts';
import { type MediaFile, makeMp4 } from './media/make-video.ts';
import type { PictureOrder, Task } from './task.ts';

const bytesMax = 64 * 1024 * 1024;
const tinySide = 64;

/** Draws pictures and videos on demand and keeps the recent ones, 64 MiB at most. */
export class PictureStudio {
  readonly #recent = new Map<string, MediaFile>();
  readonly #underWay = new Map<string, Promise<MediaFile>>();
  #bytes = 0;

  /** The encoded picture number `index` (from 0) of a task. */
  async picture(task: Task, index: number): Promise<Buffer> {
    return (await this.file(task, index)).start;
  }

  /** Output number `index` of a task, picture or video. */
  file(task: Task, index: number): Promise<MediaFile> {
    const { picture: order } = task;
    const drawing = order.isTiny ? tinyDrawing : drawingOf(task, index);
    const key = JSON.stringify([drawing, order.format, order.format === 'mp4' && [order.seconds, order.bytes]]);
    const kept = this.#recent.get(key);
    if (kept) {
      // Re-inserting makes the file the most recent one.
      this.#recent.delete(key);
      this.#recent.set(key, kept);
      return Promise.resolve(kept);
    }
    const underWay = this.#underWay.get(key);
    if (underWay) return underWay;
    const making = makeFile(drawing, order)
      .then((file) => this.#keep(key, file))
      .finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, making);
    return making;
  }

  #keep(key: string, file: MediaFile): MediaFile {
    this.#recent.set(key, file);
    this.#bytes += file.start.length;
    for (const [oldKey, { start }] of this.#recent) {
      if (this.#bytes <= bytesMax) break;
      this.#recent.delete(oldKey);
      this.#bytes -= start.length;
    }
    return file;
  }
}

/** The size that an output really has. */
export function shownSize({ width, height, isTiny }: PictureOrder): { width: number; height: number } {
  return isTiny ? { width: tinySide, height: tinySide } : { width, height };
}

const tinyDrawing: Drawing = { prompt: '', caption: '', width: tinySide, height: tinySide };

function drawingOf({ prompt, model, picture }: Task, index: number): Drawing {
  const { width, height, count } = picture;
  const number = count > 1 ? ` · ${index + 1} of ${count}` : '';
  const length = picture.format === 'mp4' ? ` · ${picture.seconds} s` : '';
  return { prompt: stripDirectives(prompt), caption: `${model} · ${width}×${height}${length}${number}`, width, height };
}

async function makeFile(drawing: Drawing, order: PictureOrder): Promise<MediaFile> {
  if (order.format === 'mp4') {
    const { width, height } = drawing;
    return makeMp4({ rgb: await drawPixels(drawing), width, height }, order);
  }
  const start = await drawPicture({ ...drawing, format: order.format });
  return { start, byteLength: start.length };
}
