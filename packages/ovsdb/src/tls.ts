import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { LinecardError } from '@linecard/wire';

/**
 * Files of PEM text for `ssl:`, read again at every attempt so that renewed certificates are taken up. As with Open
 * vSwitch itself, the peer is trusted when its certificate was signed by `ca`, whatever host name it carries.
 */
export interface TlsFiles {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
}

function readPem(what: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : String(cause);
    throw new LinecardError('LC_INVALID', `cannot read the ${what} ${path}: ${reason}`, { cause });
  }
}

function readCertificate(what: string, path: string): { pem: Buffer; x509: X509Certificate } {
  const pem = readPem(what, path);
  try {
    return { pem, x509: new X509Certificate(pem) };
  } catch (cause) {
    throw new LinecardError('LC_INVALID', `${path} is not a ${what} in PEM text`, { cause });
  }
}

/**
 * Reads what a connection needs, and says which file is wrong before a peer answers with an alert. Throws
 * `LC_INVALID` for files that are missing or unreadable, a certificate out of its time, and a key that is not its.
 */
export function readTls({ key, cert, ca }: TlsFiles): Pick<ConnectionOptions, 'key' | 'cert' | 'ca'> {
  const [own, authority] = [readCertificate('certificate', cert), readCertificate('CA certificate', ca)];
  for (const [{ x509 }, path] of [
    [own, cert],
    [authority, ca],
  ] as const) {
    const refuse = (why: string) => {
      throw new LinecardError('LC_INVALID', `certificate ${path} ${why}`, { hint: 'have a new one signed (ovs-pki)' });
    };
    if (Date.parse(x509.validTo) < Date.now()) refuse(`has expired on ${x509.validTo}`);
    if (Date.parse(x509.validFrom) > Date.now()) refuse(`is not valid before ${x509.validFrom}`);
  }
  return { key: readPem('private key', key), cert: own.pem, ca: authority.pem };
}

/** The name in a certificate, to which OVN's role-based access control ties a chassis. Throws `LC_INVALID`. */
export function commonName(cert: string): string | undefined {
  return /^CN=(.*)$/m.exec(readCertificate('certificate', cert).x509.subject)?.[1];
}

const untrusted: ReadonlySet<string | undefined> = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
]);

/** What a failure of TLS means, for people; other errors' own messages. */
export function explainTls(error: Error, { cert, ca }: TlsFiles): string {
  const { code } = error as NodeJS.ErrnoException;
  if (untrusted.has(code)) return `the server's certificate was not signed by the CA of ${ca}`;
  if (code === 'CERT_HAS_EXPIRED') return "the server's certificate has expired";
  if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH') return `the private key does not belong to certificate ${cert}`;
  const alert = /alert (unknown ca|certificate \w+|bad certificate|unsupported certificate|handshake failure)/;
  const refused = alert.exec(error.message)?.[1];
  if (refused !== undefined) return `the server refused certificate ${cert}: ${refused}`;
  if (code === 'EPROTO' || /wrong version number|packet length/.test(error.message)) return 'the server speaks no TLS';
  return error.message;
}
