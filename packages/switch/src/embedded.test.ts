import { describe, expect, it } from 'vitest';
import { appOf, controllerIds, controllerTarget, embeddedApps, parseEmbedded, splitApp } from './embedded.js';

describe('an embedded controller', () => {
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
    expect(controllerTarget('embedded:hub')).toBe('unix:linecard-app-hub.sock');
    expect(controllerTarget('tcp:127.0.0.1:6653')).toBe('tcp:127.0.0.1:6653');
    // With other options it is another app, behind another socket.
    expect(controllerTarget('embedded:hub?table=1')).toBe('unix:linecard-app-hub.8aaa64550667.sock');
    expect(embeddedApps(['tcp:127.0.0.1:6653', 'embedded:hub'])).toEqual(['hub']);
  });

  it('is known by its row, unless that says what cannot be', () => {
    const row = (controller: string) => ({
      target: controllerTarget(controller),
      external_ids: controllerIds(controller),
    });
    expect(appOf(row('embedded:hub'))).toBe('hub');
    expect(appOf(row('embedded:hub?table=1'))).toBe('hub?table=1');
    expect(appOf(row('tcp:127.0.0.1:6653'))).toBeUndefined();
    // A row that somebody has led elsewhere since, and paths, however they got there.
    expect(appOf({ ...row('embedded:hub'), target: 'tcp:127.0.0.1:6653' })).toBeUndefined();
    expect(appOf({ ...row('embedded:hub'), target: 'unix:linecard-app-other.sock' })).toBeUndefined();
    expect(appOf(row('embedded:../x'))).toBeUndefined();
    expect(appOf(row('embedded:hub?table'))).toBeUndefined();
  });
});
