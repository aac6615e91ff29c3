/**
 * Errors of Node and undici that happen before the first byte of a request is on the wire: looking up the name, the
 * TCP connection, the TLS handshake and the certificate.
 */
const connectionCodes = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_UNSUPPORTED_PROTOCOL',
  'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
  'ERR_SSL_TLSV1_UNRECOGNIZED_NAME',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Node reports some failed handshakes only as EPROTO or ECONNRESET, so that the words have to tell. */
const handshakeWords =
  /wrong version number|handshake failure|alert protocol version|unsupported protocol|before secure TLS connection/;

const depthMax = 8;

/** Whether this failure of an HTTP request proves that the server never got any of it. In doubt false. */
export function wasNeverSent(error: unknown): boolean {
  let current = error;
  for (let depth = 0; depth < depthMax && current instanceof Error; depth += 1) {
    if (isConnectionError(current)) return true;
    current = current.cause;
  }
  return false;
}

function isConnectionError(error: Error): boolean {
  // Several addresses were tried and every one failed.
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(wasNeverSent);
  const code = 'code' in error ? error.code : undefined;
  const call = 'syscall' in error ? error.syscall : undefined;
  if (call === 'connect' || call === 'getaddrinfo') return true;
  if (typeof code === 'string' && connectionCodes.has(code)) return true;
  return (code === 'EPROTO' || code === 'ECONNRESET') && handshakeWords.test(error.message);
}
