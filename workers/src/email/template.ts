import type * as z from 'zod';
import type { Category } from './layout-words.ts';
import type { Mail } from './mail.ts';
import type { Language, Reader } from './reader.ts';

interface Declaration<S extends z.ZodType> {
  /** As in the outbox. */
  name: string;
  /** As email_category of the migrations has it, which is what counts. */
  category: Category;
  /** What the outbox has to give; anything missing or of another form is an error, never a gap in the e-mail. */
  data: S;
  /** By what is special about each; previews and tests write all of them. */
  examples: Readonly<Record<string, z.input<S>>>;
  write: Readonly<Record<Language, (data: z.output<S>, reader: Reader) => Mail>>;
}

/** A declared template with its own types put away. */
export interface Template {
  name: string;
  category: Category;
  examples: Readonly<Record<string, unknown>>;
  /** @throws ZodError when the data is not what the template needs */
  write(data: unknown, reader: Reader): Mail;
}

/** Declares an e-mail: its data, and for each language a plain function from it to words. */
export function template<S extends z.ZodType>({
  name,
  category,
  data: schema,
  examples,
  write,
}: Declaration<S>): Template {
  return { name, category, examples, write: (data, reader) => write[reader.language](schema.parse(data), reader) };
}
