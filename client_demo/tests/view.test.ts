import { describe, expect, it } from 'vitest';

import { type Candidate, ViewChoice } from '../src/call/view';

const person = (key: string, speaking = false): Candidate => ({ key, kind: 'person', self: key === 'me', speaking });
const screen = (key: string, self = false): Candidate => ({ key, kind: 'screen', self, speaking: false });
const room = ['ada', 'alan', 'me'].map((key) => person(key));

describe('what is shown large', () => {
  it('is nothing until it is asked for', () => {
    expect(new ViewChoice().view(room, [])).toMatchObject({ layout: 'grid', pinned: null });
  });

  it('follows whoever speaks, and stays when nobody does', () => {
    const choice = new ViewChoice();
    choice.choose('speaker');
    expect(choice.view(room, []).main).toBe('ada');
    expect(choice.view([person('ada'), person('alan', true), person('me')], ['alan']).main).toBe('alan');
    expect(choice.view(room, []).main).toBe('alan');
  });

  it('stays with a speaker whom another talks over', () => {
    const choice = new ViewChoice();
    choice.view([person('ada', true), person('alan'), person('me')], ['ada']);
    const both = [person('ada', true), person('alan', true), person('me')];
    expect(choice.view(both, ['alan', 'ada']).main).toBe('ada');
    expect(choice.view([person('ada'), person('alan', true), person('me')], ['alan']).main).toBe('alan');
  });

  it('is not one’s own face, unless there is no other', () => {
    const choice = new ViewChoice();
    expect(choice.view([person('ada'), person('me', true)], ['me']).main).toBe('ada');
    expect(choice.view([person('me')], []).main).toBe('me');
    expect(choice.view([], []).main).toBeNull();
  });

  it('is the tile that is kept, for as long as it is there', () => {
    const choice = new ViewChoice();
    choice.pin('me');
    expect(choice.view(room, ['ada'])).toEqual({ layout: 'speaker', main: 'me', pinned: 'me' });
    choice.pin('me');
    expect(choice.view(room, ['ada'])).toMatchObject({ main: 'ada', pinned: null });
    choice.pin('alan');
    choice.view(room, []);
    expect(choice.view([person('ada'), person('me')], [])).toMatchObject({ main: 'ada', pinned: null });
  });

  it('is a screen that somebody begins to share, whatever was chosen before', () => {
    const choice = new ViewChoice();
    choice.choose('grid');
    expect(choice.view([screen('s1'), ...room], ['ada'])).toMatchObject({ layout: 'speaker', main: 's1' });
    choice.choose('grid');
    expect(choice.view([screen('s1'), ...room], []).layout).toBe('grid');
    expect(choice.view([screen('s1'), screen('s2'), ...room], [])).toMatchObject({ layout: 'speaker', main: 's2' });
    expect(choice.view(room, [])).toMatchObject({ layout: 'grid' });
  });

  it('is not the screen of the person who shares it', () => {
    expect(new ViewChoice().view([screen('mine', true), ...room], [])).toMatchObject({ layout: 'grid', main: 'ada' });
  });

  it('is let go with the choice of the grid', () => {
    const choice = new ViewChoice();
    choice.pin('ada');
    choice.view(room, []);
    choice.choose('grid');
    expect(choice.view(room, [])).toMatchObject({ layout: 'grid', pinned: null });
  });
});
