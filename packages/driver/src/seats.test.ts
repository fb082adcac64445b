import { expect, it } from 'vitest';
import { Seats } from './seats.js';

const taken = (seats: Seats) => [...seats.entries()].map(([name, { ofport }]) => `${name} ${ofport}`);

it('keeps the number of a container, and gives an empty one away', () => {
  const seats = new Seats();
  seats.take('web', 1, 'c1');
  seats.take('db', 2, 'c2');
  expect([...seats.owned()]).toEqual([1, 2]);
  expect(seats.ownerOf(2)).toBe('db');
  seats.vacate((id) => id !== 'c2');
  expect([...seats.owned()]).toEqual([1]);
  expect(seats.ownerOf(2)).toBeUndefined();
  expect(seats.get('db')).toEqual({ ofport: 2 });
  seats.take('mail', 2, 'c3');
  expect(taken(seats)).toEqual(['web 1', 'mail 2']);
});

it('moves seats with the name of their container, those of attachments too', () => {
  const seats = new Seats();
  seats.take('web', 1, 'c1');
  seats.take('web/eth1', 2, 'c1');
  seats.take('webber', 3, 'c2');
  seats.rename('c1', 'www');
  seats.rename('c9', 'nobody');
  expect(taken(seats).sort()).toEqual(['webber 3', 'www 1', 'www/eth1 2']);
});

it('never takes the number of an interface of the host away', () => {
  const seats = new Seats();
  seats.takeForHost('~eno1', 8);
  seats.vacate(() => false);
  expect(seats.ownerOf(8)).toBe('~eno1');
});

it('forgets the oldest empty seats beyond a limit', () => {
  const seats = new Seats();
  for (let n = 1; n <= 200; n++) seats.take(`job${n}`, n, `c${n}`);
  seats.vacate((id) => id === 'c1');
  expect(taken(seats)).toHaveLength(129);
  expect(seats.get('job1')).toEqual({ ofport: 1, containerId: 'c1' });
  expect(seats.get('job2')).toBeUndefined();
  expect(seats.get('job200')).toEqual({ ofport: 200 });
});

it('remembers that a number was chosen', () => {
  const seats = new Seats();
  seats.take('web', 9, 'c1', true);
  expect(seats.get('web')).toEqual({ ofport: 9, containerId: 'c1', chosen: true });
});
