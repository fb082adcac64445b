import { describe, expect, it } from 'vitest';
import { appOfTarget, controllerTarget, embeddedApps, parseEmbedded } from './embedded.js';

describe('ovs.bridge.controller=embedded', () => {
  it('names an app, the learning switch unless told otherwise', () => {
    expect(parseEmbedded('embedded')).toBe('embedded:learning-switch');
    expect(parseEmbedded('embedded:My_app-2')).toBe('embedded:My_app-2');
  });

  it.each([
    'embedded:',
    'embedded:../x',
    'embedded:a/b',
    'embedded:.hidden',
    'embedded:a.ts',
    `embedded:${'a'.repeat(33)}`,
  ])('takes no path, and nothing that could be one: %s', (text) => expect(parseEmbedded(text)).toBeUndefined());

  it('is a socket in the run directory of Open vSwitch', () => {
    const target = controllerTarget('embedded:hub');
    expect(target).toBe('unix:linecard-app-hub.sock');
    expect(appOfTarget(target)).toBe('hub');
    expect(controllerTarget('tcp:127.0.0.1:6653')).toBe('tcp:127.0.0.1:6653');
    expect(appOfTarget('unix:/somewhere/else.sock')).toBeUndefined();
    expect(embeddedApps(['tcp:127.0.0.1:6653', 'embedded:hub'])).toEqual(['hub']);
  });
});
