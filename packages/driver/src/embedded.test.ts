import { describe, expect, it } from 'vitest';
import { appOfTarget, controllerTarget, embeddedApps, parseEmbedded, splitApp } from './embedded.js';

describe('ovs.bridge.controller=embedded', () => {
  it('names an app, the learning switch unless told otherwise', () => {
    expect(parseEmbedded('embedded')).toBe('embedded:learning-switch');
    expect(parseEmbedded('embedded:My_app-2')).toBe('embedded:My_app-2');
  });

  it('has options, in one order and one writing', () => {
    const text = 'embedded:knock?name=a%2cb&guarded=web%20&free=';
    expect(parseEmbedded(text)).toBe('embedded:knock?free=&guarded=web%20&name=a%2Cb');
    expect(parseEmbedded(parseEmbedded(text)!)).toBe(parseEmbedded(text));
    const [app] = embeddedApps([parseEmbedded(text)!]);
    expect(splitApp(app!)).toEqual({ name: 'knock', options: { free: '', guarded: 'web ', name: 'a,b' } });
    expect(parseEmbedded('embedded?ageing=60')).toBe('embedded:learning-switch?ageing=60');
    expect(splitApp('hub')).toEqual({ name: 'hub', options: {} });
  });

  it.each([
    'embedded:knock?',
    'embedded:knock?name',
    'embedded:knock?name=a&name=b',
    'embedded:knock?=a',
    'embedded:knock?name=a&',
    'embedded:knock?na me=a',
    'embedded:knock?name=%zz',
    `embedded:knock?name=${'a'.repeat(512)}`,
  ])('takes nothing that is no list of options: %s', (text) => expect(parseEmbedded(text)).toBeUndefined());

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
    const controllers = ['tcp:127.0.0.1:6653', 'embedded:hub?table=1', 'embedded:hub'];
    expect(appOfTarget(target, controllers)).toBe('hub');
    expect(controllerTarget('tcp:127.0.0.1:6653')).toBe('tcp:127.0.0.1:6653');
    expect(appOfTarget('unix:/somewhere/else.sock', controllers)).toBeUndefined();
    // With other options it is another app, behind another socket.
    const other = controllerTarget('embedded:hub?table=1');
    expect(other).toMatch(/^unix:linecard-app-hub\.[0-9a-f]{12}\.sock$/);
    expect(appOfTarget(other, controllers)).toBe('hub?table=1');
    expect(embeddedApps(['tcp:127.0.0.1:6653', 'embedded:hub'])).toEqual(['hub']);
  });
});
