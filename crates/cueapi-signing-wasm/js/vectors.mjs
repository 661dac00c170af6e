// Runs the signing vectors and the captured deliveries through the module; the same code in every runtime.

import { Verifier, canonicalise, verifyWebhook } from "./cueapi-signing.mjs";

const decode = (base64) => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
const encode = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

function canonical(module, { input_b64, canonical_b64 }) {
  const result = canonicalise(module, decode(input_b64));
  return canonical_b64 === undefined ? !result.ok : result.ok && encode(result.body) === canonical_b64;
}

function verify(module, { payload_b64, signature, timestamp, secret, tolerance, now, expected }) {
  const result = verifyWebhook(module, decode(payload_b64), { signature, timestamp }, secret, tolerance, now);
  return result.ok === (expected ?? false);
}

function delivery(module, { headers, body_b64, received_unix, analysis }) {
  const verifier = new Verifier(module, { secrets: analysis.secrets_tried });
  const signed = { signature: headers["x-cueapi-signature"], timestamp: headers["x-cueapi-timestamp"] };
  const body = decode(body_b64);
  const genuine = verifier.verify(body, signed, received_unix);
  if (signed.signature === undefined || body.length === 0) return !genuine.ok;

  const refused = (change, reason) => {
    const copy = body.slice();
    copy[change % copy.length] ^= 1;
    return verifier.verify(copy, signed, received_unix).reason === reason;
  };
  return (
    genuine.ok && encode(genuine.body) === body_b64 &&
    [0, 17, body.length - 1].every((change) => refused(change, "mismatch")) &&
    verifier.verify(body, signed, received_unix + 1000).reason === "expired"
  );
}

function secret(module, { text, secret }) {
  const { reason } = verifyWebhook(module, "{}", { signature: "", timestamp: "17" }, text, 300, 17);
  if (reason !== (secret === "" ? "malformed-signature" : "bad-secret")) return false;
  try {
    new Verifier(module, { secrets: [text] });
    return secret === "";
  } catch (error) {
    return secret !== "" && error instanceof TypeError && error.message.includes(secret);
  }
}

/** What nobody signed and is as large as it can be; the verifier goes on to work. */
function hostile(module, { headers, body_b64, received_unix, analysis, piece, times }) {
  const signed = { signature: headers["x-cueapi-signature"], timestamp: headers["x-cueapi-timestamp"] };
  const options = { secrets: analysis.secrets_tried, canonical: true };
  const body = `[${piece.repeat(times)}1]`;
  const limited = new Verifier(module, options);
  const unlimited = new Verifier(module, { ...options, limit: Infinity });
  return [limited, unlimited].every(
    (verifier) =>
      verifier.verify(body, signed, received_unix).reason === "too-large" &&
      verifier.verify(decode(body_b64), signed, received_unix).ok,
  );
}

const KINDS = { canonical, verify, delivery, secret, hostile };

/** @param {Record<keyof typeof KINDS, object[]>} cases */
export function run(module, cases) {
  return Object.entries(cases).map(([kind, list]) => {
    const failed = list.filter((one) => !KINDS[kind](module, one)).map((one) => one.name ?? `${one.label}-${one.n}`);
    return { kind, cases: list.length, failed };
  });
}
