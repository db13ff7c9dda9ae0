import { readFileSync } from 'node:fs';
import path from 'node:path';

const TOKENS = readFileSync(path.join(import.meta.dirname, '../../../admin/web/theme/tokens.css'), 'utf8');
/** WCAG 2.2, 1.4.3: normal text. */
const ENOUGH = 4.5;

const pairs = new Map(
  [...TOKENS.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name = '', light = '', dark = '']) => [
    name,
    { light, dark },
  ]),
);

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const onSurfaces = [
  'text',
  'text-soft',
  'text-faint',
  'link',
  'focus',
  'brand',
  'injected',
  'forwarded',
  'blocked',
].flatMap((text) => ['surface', 'sunken'].map((ground) => [text, ground] as const));
const badges = (['injected', 'forwarded', 'blocked', 'waiting'] as const).map(
  (name) => [name, `${name}-soft`] as const,
);

test.each([...onSurfaces, ...badges, ['on-ink', 'ink'], ['text-soft', 'ground'], ['text', 'waiting-soft']] as const)(
  '%s can be read on %s, light and dark',
  (text, ground) => {
    for (const scheme of ['light', 'dark'] as const) {
      expect(contrast(pairs.get(text)?.[scheme] ?? '', pairs.get(ground)?.[scheme] ?? '')).toBeGreaterThan(ENOUGH);
    }
  },
);
