import type { Frame } from './frame.ts';
import { layoutWords } from './layout-words.ts';
import type { Block, Mail } from './mail.ts';

/** The e-mail as plain text, from the same parts as its HTML. */
export function renderText(mail: Mail, { reader, category, unsubscribeUrl, isMember }: Frame): string {
  const said = layoutWords(reader);
  const footer = [
    isMember ? said.reasons[category] : said.invited,
    ...(isMember ? [said.organization(reader.organization)] : []),
    ...(unsubscribeUrl === null ? [] : [`${said.unsubscribe}:\n${unsubscribeUrl}`]),
  ];
  const parts = [mail.heading, said.greet(reader.firstName), ...mail.blocks.map(renderBlock)];
  return `${[...parts, `-- \nBASE\n${footer.join('\n')}`].join('\n\n')}\n`;
}

function renderBlock(block: Block): string {
  switch (block.kind) {
    case 'text':
    case 'small':
      return block.text;
    case 'list':
      return block.items.map((item) => `- ${item}`).join('\n');
    case 'figures':
      return block.rows.map(([name, value]) => `${name}: ${value}`).join('\n');
    case 'button':
      return `${block.label}:\n${block.url}`;
  }
}
