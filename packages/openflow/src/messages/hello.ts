import { errorPairs, OpenFlowDecodeError } from '../core/errors.js';
import { type Kind, list, u32 } from '../core/kinds.js';
import type { Reader } from '../core/reader.js';
import { membersOf, type RowsEncodable, row, tlvFamily, type UnknownTlv } from '../core/tlv.js';

const elements = [row(1, 'version_bitmap', ['bitmaps', list(u32)])] as const;

/** A hello body that is not a list of elements: OpenFlow 1.0 allows anything and says to ignore it. */
export interface RawHello {
  readonly type: 'raw';
  readonly data: Uint8Array;
}

/** An element of a hello (OpenFlow 1.3.5 section 7.5.1). */
export type HelloElement = RowsEncodable<typeof elements> | UnknownTlv | RawHello;

const element: Kind<HelloElement> = tlvFamily(membersOf(elements), {
  lengthError: errorPairs.badLength,
  padding: 'outside',
});
const wellFormed = list(element);

/** The elements of a hello; bytes that are none are kept whole. */
export const helloElements: Kind<readonly HelloElement[]> = {
  read: (r) => {
    const { at, end, slack } = r;
    const before = slack?.length;
    try {
      return wellFormed.read(r);
    } catch (error) {
      if (!(error instanceof OpenFlowDecodeError)) throw error;
      r.at = at;
      r.end = end;
      forgetSlack(r, before);
      return [{ type: 'raw', data: r.rest() }];
    }
  },
  write: (w, values) => {
    for (const value of values) {
      if (value.type === 'raw') w.put(value.data);
      else element.write(w, value);
    }
  },
};

function forgetSlack(r: Reader, kept: number | undefined): void {
  if (kept === undefined) r.slack = undefined;
  else r.slack?.splice(kept);
}

/** The hello element that announces these versions (as 1, 4, 5). */
export function versionBitmap(versions: Iterable<number>): HelloElement {
  const bitmaps: number[] = [];
  for (const version of versions) {
    const word = version >>> 5;
    while (bitmaps.length <= word) bitmaps.push(0);
    bitmaps[word] = (bitmaps[word]! | (1 << (version & 31))) >>> 0;
  }
  return { type: 'version_bitmap', bitmaps };
}

/** The versions that a hello announces: its bitmap, or all up to the version of its header (section 6.3.1). */
export function versionsOf(hello: { readonly version: number; readonly elements: readonly HelloElement[] }): number[] {
  const bitmap = hello.elements.find((one) => one.type === 'version_bitmap');
  if (bitmap === undefined) return Array.from({ length: hello.version }, (_, i) => i + 1);
  return bitmap.bitmaps.flatMap((word, i) =>
    Array.from({ length: 32 }, (_, bit) => bit)
      .filter((bit) => ((word >>> bit) & 1) === 1)
      .map((bit) => i * 32 + bit),
  );
}
