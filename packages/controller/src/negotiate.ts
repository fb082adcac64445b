import { type HelloElement, type Version, versionBitmap, versionsOf } from '@linecard/openflow';

/** All versions that can be spoken, as on the wire: 1.0, 1.3, 1.4, 1.5. */
export const allVersions: readonly Version[] = [1, 4, 5, 6];

/** A hello as far as the negotiation looks at it. */
export interface Hello {
  readonly version: number;
  readonly elements: readonly HelloElement[];
}

/** The hello that announces `versions`. */
export function helloFor(versions: readonly Version[]): Hello & { readonly version: Version } {
  return { version: Math.max(...versions) as Version, elements: [versionBitmap(versions)] };
}

/**
 * The version that both sides arrive at (OpenFlow 1.3.5 section 6.3.1): the highest in both bitmaps; when the peer
 * sent no bitmap, the smaller of both headers' versions. Undefined when there is none.
 */
export function negotiate(versions: readonly Version[], peer: Hello): Version | undefined {
  const hasBitmap = peer.elements.some((element) => element.type === 'version_bitmap');
  if (!hasBitmap) {
    const agreed = Math.min(Math.max(...versions), peer.version);
    return versions.find((version) => version === agreed);
  }
  const theirs = new Set(versionsOf(peer));
  return versions.filter((version) => theirs.has(version)).sort((a, b) => b - a)[0];
}

/** `1.3` for 4: what people call a version. */
export function versionName(version: number): string {
  return version === 0 ? '?' : `1.${version - 1}`;
}
