import { stripDirectives } from './directives.ts';
import { drawPicture } from './draw-picture.ts';
import type { PictureFormat, Task } from './task.ts';

const bytesMax = 64 * 1024 * 1024;
const tinySide = 64;

/** Draws pictures on demand and keeps the recent ones, 64 MiB at most. */
export class PictureStudio {
  readonly #recent = new Map<string, Buffer>();
  readonly #underWay = new Map<string, Promise<Buffer>>();
  readonly #tiny = new Map<PictureFormat, Promise<Buffer>>();
  #bytes = 0;

  /** The encoded picture number `index` (from 0) of a task. */
  picture(task: Task, index: number): Promise<Buffer> {
    const { width, height, format, count, isTiny } = task.picture;
    if (isTiny) return this.#tinyPicture(format);
    const caption = `${task.model} · ${width}×${height}${count > 1 ? ` · ${index + 1} of ${count}` : ''}`;
    const key = JSON.stringify([caption, format, task.prompt]);
    const kept = this.#recent.get(key);
    if (kept) {
      // Re-inserting makes the picture the most recent one.
      this.#recent.delete(key);
      this.#recent.set(key, kept);
      return Promise.resolve(kept);
    }
    const underWay = this.#underWay.get(key);
    if (underWay) return underWay;
    const drawing = drawPicture({ prompt: stripDirectives(task.prompt), caption, width, height, format })
      .then((bytes) => this.#keep(key, bytes))
      .finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, drawing);
    return drawing;
  }

  #tinyPicture(format: PictureFormat): Promise<Buffer> {
    const known = this.#tiny.get(format);
    if (known) return known;
    const drawing = drawPicture({ prompt: '', caption: '', width: tinySide, height: tinySide, format });
    this.#tiny.set(format, drawing);
    return drawing;
  }

  #keep(key: string, bytes: Buffer): Buffer {
    this.#recent.set(key, bytes);
    this.#bytes += bytes.length;
    for (const [oldKey, oldBytes] of this.#recent) {
      if (this.#bytes <= bytesMax) break;
      this.#recent.delete(oldKey);
      this.#bytes -= oldBytes.length;
    }
    return bytes;
  }
}
