import { expect, it } from 'vitest';
import { allPreviews, sampleUnsubscribeUrl } from './preview/render-previews.ts';
import { createReader, languages } from './reader.ts';
import { renderEmail } from './render-email.ts';
import { templates } from './templates.ts';

const previews = allPreviews();
const frame = { category: 'essential', unsubscribeUrl: null, isMember: true } as const;
const reader = createReader({ language: 'en', organization: 'Org', fullName: null, appUrl: 'https://app.test' });

it('is written in every language, without a gap in it, with a subject that fits', () => {
  expect(previews.length).toBeGreaterThanOrEqual(templates.length * languages.length);
  for (const { template, language, subject, html, text } of previews) {
    const name = `${template} in ${language}`;
    for (const part of [subject, html, text]) {
      expect(part, name).not.toMatch(/undefined|\bnull\b|NaN|\{\{|\[object|Invalid Date/);
    }
    expect([...subject].length, `${name}: ${subject}`).toBeLessThanOrEqual(78);
    expect(subject, name).not.toContain('…');
  }
});

it('says in plain text what it says in HTML, and both have the one button’s link', () => {
  for (const { template, language, html, text } of previews) {
    const name = `${template} in ${language}`;
    const shown = html
      .replace(/^[\s\S]*<h1/, '<h1')
      .replaceAll(/<[^>]+>/g, '\n')
      .replaceAll('&#39;', "'")
      .replaceAll('&quot;', '"')
      .replaceAll('&amp;', '&');
    const links = [...html.matchAll(/<a href="([^"]+)"/g)].map(([, url = '']) => url);
    const buttons = new Set(links.filter((url) => url !== sampleUnsubscribeUrl));
    expect(buttons.size, name).toBe(1);
    for (const url of links) expect(text, name).toContain(url);
    const said = `${shown}\n${links.join('\n')}`;
    const sentences = text.split('\n').filter((line) => !['', '-- ', 'BASE'].includes(line));
    for (const sentence of sentences) {
      for (const words of sentence.replace(/^- /, '').replace(/:$/, '').split(': '))
        expect(said, name).toContain(words);
    }
  }
});

it('has the same parts in every language', () => {
  const shapes = new Map<string, Set<string>>();
  for (const { template, example, html } of previews) {
    const shape = [...html.matchAll(/<(h1|p|ul|li|table|a)\b/g)].map(([, tag]) => tag).join(' ');
    const name = `${template}, ${example}`;
    shapes.set(name, (shapes.get(name) ?? new Set()).add(shape));
  }
  for (const [name, kinds] of shapes) expect([...kinds], name).toHaveLength(1);
});

it('shows what people called themselves as text, and keeps it out of its headers', () => {
  const nasty = '<img src=x onerror=alert(1)>"\r\nBcc: all@victims.test';
  const data = { kind: 'project', name: nasty, percent: 50, used: 1, budget: 2 };
  const named = createReader({ language: 'en', organization: nasty, fullName: nasty, appUrl: 'https://app.test' });
  const { html, subject } = renderEmail('budget_reached', data, { ...frame, reader: named });
  expect(html).not.toContain('<img');
  expect(html).toContain('&lt;img');
  expect(subject).not.toMatch(/[\r\n]/);
  expect([...subject].length).toBeLessThanOrEqual(78);
});

it('is an error when something is missing, is of another form, or has no template', () => {
  expect(() => renderEmail('low_balance', { available: 1 }, { ...frame, reader })).toThrow(/threshold/);
  expect(() => renderEmail('low_balance', { available: '1', threshold: 2 }, { ...frame, reader })).toThrow(/available/);
  expect(() => renderEmail('lost', {}, { ...frame, reader })).toThrow(/no template/);
});

it.each([
  ['pt-BR', 'R$ 1.234,50', '12.345 créditos', '3 de março de 2026', '80%'],
  ['en', 'R$1,234.50', '12,345 credits', 'March 3, 2026', '80%'],
  ['es', '1.234,50 R$', '12.345 créditos', '3 de marzo de 2026', '80 %'],
] as const)('writes money, numbers and dates as people do in %s', (language, money, credits, date, percent) => {
  const t = createReader({ language, organization: 'Org', fullName: null, appUrl: 'https://app.test' });
  // Some spaces of money do not break.
  const plain = (words: string) => words.replaceAll(/\s/gu, ' ');
  expect(plain(t.money(123_450))).toBe(money);
  expect(t.credits(12_345)).toBe(credits);
  // Late in the evening in São Paulo, the next day in UTC.
  expect(t.date('2026-03-04T01:00:00+00:00')).toBe(date);
  expect(plain(t.percent(80))).toBe(percent);
});
