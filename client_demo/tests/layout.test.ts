import { describe, expect, it } from 'vitest';

import { layOut, layOutSpeaker, MOST_ON_PAGE, NARROWEST, paginate, SMALLEST_WIDTH, WIDEST } from '../src/call/layout';

const WINDOWS: [number, number][] = [
  [360, 560],
  [740, 260],
  [1280, 680],
  [2560, 1300],
];

describe('the size of tiles', () => {
  it.each(WINDOWS)('fits any number of tiles into %i by %i', (width, height) => {
    for (let count = 1; count <= 60; count += 1) {
      const size = layOut(count, width, height, 10);
      expect(size.columns * size.rows).toBeGreaterThanOrEqual(count);
      expect(size.columns * size.width + (size.columns - 1) * 10).toBeLessThanOrEqual(width);
      if (!size.scrolls) {
        expect(size.rows * size.height + (size.rows - 1) * 10).toBeLessThanOrEqual(height);
        expect(size.width).toBeGreaterThanOrEqual(SMALLEST_WIDTH);
      }
    }
  });

  it('keeps pictures between portrait and wide screen', () => {
    for (const [width, height] of WINDOWS) {
      for (let count = 1; count <= 12; count += 1) {
        const size = layOut(count, width, height, 10);
        // One pixel of rounding.
        expect(size.width / (size.height + 1)).toBeLessThanOrEqual(WIDEST + 0.01);
        expect((size.width + 1) / size.height).toBeGreaterThanOrEqual(NARROWEST - 0.01);
      }
    }
  });

  it('stacks two people on a phone and puts them side by side on a screen', () => {
    expect(layOut(2, 340, 560, 10)).toMatchObject({ columns: 1, rows: 2 });
    expect(layOut(2, 1256, 640, 10)).toMatchObject({ columns: 2, rows: 1 });
  });

  it('prefers rows of wide pictures to columns of cropped ones', () => {
    expect(layOut(3, 1256, 650, 10)).toMatchObject({ columns: 2, rows: 2 });
    expect(layOut(9, 1256, 650, 10)).toMatchObject({ columns: 3, rows: 3 });
  });

  it('scrolls rather than shrinking faces to stamps', () => {
    expect(layOut(40, 340, 560, 10).scrolls).toBe(true);
  });

  it('survives a window without room', () => {
    expect(layOut(3, 0, 0, 10)).toMatchObject({ width: 0, height: 0 });
  });
});

describe('one large tile', () => {
  it.each(WINDOWS)('and the others fit into %i by %i', (width, height) => {
    for (let others = 0; others <= 40; others += 1) {
      const { strip, main, small } = layOutSpeaker(others, width, height, 10);
      const across = small.columns * small.width + (small.columns - 1) * 10;
      expect(strip === 'beside' ? main.width + 10 + small.width : Math.max(main.width, across)).toBeLessThanOrEqual(width);
      const seen = Math.min(2, Math.ceil(others / small.columns)) * (small.height + 10);
      expect(main.height + (strip === 'below' ? seen : 0)).toBeLessThanOrEqual(height);
      if (others > 0) expect(main.width * main.height).toBeGreaterThan(small.width * small.height);
    }
  });

  it('leaves no bars around a screen on a phone that faces could fill', () => {
    const { main, small } = layOutSpeaker(3, 336, 560, 10, 4 / 3);
    expect(main).toEqual({ width: 336, height: 252 });
    expect(small.columns).toBe(2);
  });

  it('has the others below it on a phone and beside it on a screen', () => {
    expect(layOutSpeaker(3, 336, 560, 10).strip).toBe('below');
    expect(layOutSpeaker(3, 1256, 640, 10).strip).toBe('beside');
    expect(layOutSpeaker(3, 740, 230, 10).strip).toBe('beside');
  });

  it('survives a window without room', () => {
    expect(layOutSpeaker(3, 0, 0, 10).main).toEqual({ width: 0, height: 0 });
    expect(layOutSpeaker(0, 0, 0, 10).main).toEqual({ width: 0, height: 0 });
  });
});

describe('the pages of the grid', () => {
  it.each(WINDOWS)('hold every tile of %i by %i at no less than its smallest size', (width, height) => {
    for (let count = 0; count <= 80; count += 1) {
      const { perPage, pages } = paginate(count, width, height, 10);
      expect(perPage * pages).toBeGreaterThanOrEqual(count);
      expect(perPage).toBeLessThanOrEqual(MOST_ON_PAGE);
      expect(layOut(perPage, width, height, 10).scrolls).toBe(false);
    }
  });

  it('are one where all fit, and evenly full otherwise', () => {
    expect(paginate(8, 1280, 680, 10)).toEqual({ perPage: 8, pages: 1 });
    expect(paginate(8, 336, 300, 10)).toEqual({ perPage: 4, pages: 2 });
  });

  it('are there for a stage that has no size yet', () => {
    expect(paginate(3, 0, 0, 10)).toEqual({ perPage: 1, pages: 3 });
  });
});
