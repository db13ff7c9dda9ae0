/**
 * Writes the certificates of a PEM bundle as a trust store that every Java since version 8 reads: PKCS #12 (RFC 7292) without
 * password, encryption or checksum, as the JDK's own `cacerts` has been since version 18. All of it is public.
 */

/** @param bundle PEM text; what is not a certificate in it is left out */
export function javaTrustStore(bundle: string): Buffer {
  const bags = certificatesOf(bundle).map((certificate, index) =>
    sequence(
      CERT_BAG,
      explicit(sequence(X509_CERTIFICATE, explicit(octets(certificate)))),
      set(
        sequence(FRIENDLY_NAME, set(der(0x1e, Buffer.from(`ca-${index}`, 'utf16le').swap16()))),
        // Java takes a certificate without a key for trusted only with this attribute, which it has defined itself.
        sequence(TRUSTED_KEY_USAGE, set(ANY_EXTENDED_KEY_USAGE)),
      ),
    ),
  );
  const safe = sequence(sequence(DATA, explicit(octets(sequence(...bags)))));
  return sequence(der(0x02, Buffer.from([3])), sequence(DATA, explicit(octets(safe))));
}

/** The certificates of a PEM text as DER. */
function certificatesOf(bundle: string): Buffer[] {
  const blocks = bundle.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g);
  return [...blocks].map(([, base64 = '']) => Buffer.from(base64, 'base64'));
}

/** One value of DER (X.690 8.1): tag, length, content. */
function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const { length } = Buffer.concat(content);
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), ...content]);
  const digits = Buffer.from(length.toString(16).replace(/^(?=(..)*.$)/, '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | digits.length]), digits, ...content]);
}

function sequence(...content: readonly Buffer[]): Buffer {
  return der(0x30, ...content);
}

/** DER sorts the members of a set (X.690 11.6). */
function set(...members: readonly Buffer[]): Buffer {
  return der(0x31, ...members.toSorted(Buffer.compare));
}

function octets(content: Buffer): Buffer {
  return der(0x04, content);
}

/** `[0] EXPLICIT` */
function explicit(content: Buffer): Buffer {
  return der(0xa0, content);
}

function objectId(name: string): Buffer {
  const [first = 0, second = 0, ...others] = name.split('.').map(Number);
  const base128 = (number: number): number[] => {
    const digits = [number & 0x7f];
    for (let rest = Math.floor(number / 128); rest > 0; rest = Math.floor(rest / 128))
      digits.unshift(0x80 | (rest & 0x7f));
    return digits;
  };
  return der(0x06, Buffer.from([first * 40 + second, ...others].flatMap(base128)));
}

const DATA = objectId('1.2.840.113549.1.7.1');
const CERT_BAG = objectId('1.2.840.113549.1.12.10.1.3');
const X509_CERTIFICATE = objectId('1.2.840.113549.1.9.22.1');
const FRIENDLY_NAME = objectId('1.2.840.113549.1.9.20');
const TRUSTED_KEY_USAGE = objectId('2.16.840.1.113894.746875.1.1');
const ANY_EXTENDED_KEY_USAGE = objectId('2.5.29.37.0');
