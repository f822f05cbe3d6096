import { expect, test } from 'vitest';

import side from '../src/styles/side.css?raw';
import tile from '../src/styles/tile.css?raw';
import tokens from '../src/styles/tokens.css?raw';

/** WCAG 2.2, relative luminance, of hsl() with `hue` in degrees and shares of one. */
function luminance(hue: number, saturation: number, lightness: number): number {
  const channel = (offset: number): number => {
    const place = (offset + hue / 30) % 12;
    const value = lightness - saturation * Math.min(lightness, 1 - lightness) * Math.max(-1, Math.min(place - 3, 9 - place, 1));
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(0) + 0.7152 * channel(8) + 0.0722 * channel(4);
}

test('initials can be read on the colour of every name, in light and dark', () => {
  const lightnesses = [...tokens.matchAll(/--tile-lightness: (\d+)%/g)].map(([, percent]) => Number(percent) / 100);
  expect(lightnesses).toHaveLength(2);
  for (const styles of [side, tile]) expect(styles).toContain('hsl(var(--hue) 32% var(--tile-lightness))');
  for (const lightness of lightnesses) {
    for (let hue = 0; hue < 360; hue += 1) {
      expect(1.05 / (luminance(hue, 0.32, lightness) + 0.05), `hue ${hue}`).toBeGreaterThan(4.6);
    }
  }
});
