// Verifies CueAPI webhooks with the WebAssembly module beside this file. Runs wherever WebAssembly does; imports nothing.

const REASONS = [
  "malformed-timestamp", "expired", "malformed-signature", "body-required", "mismatch", "not-json", "no-canonical-form",
  "bad-secret",
];
const SECRET_FAULTS = [
  "is blank", "is too short: pass all of it", "has quotes around it: pass what is between them",
  "has something before it, such as `Bearer ` or `NAME=`: pass the value alone",
  "is an API key: pass the whsec_… value from GET /v1/auth/webhook-secret", "is one too many",
  "has a character in it that no secret has, such as a space or a byte-order mark: copy it again",
];
const FORMS = ["raw", "ascii-escaped", "canonical"];

const encoder = new TextEncoder();
const bytes = (part) => (typeof part === "string" ? encoder.encode(part) : new Uint8Array(part));

/** One instance of the module, with its own memory. */
class Instance {
  constructor(module) {
    this.exports = new WebAssembly.Instance(module).exports;
  }

  /** Writes arguments one after the other, and returns their lengths. */
  write(...parts) {
    parts = parts.map(bytes);
    const address = this.exports.reserve(parts.reduce((length, part) => length + part.length, 0));
    const memory = new Uint8Array(this.exports.memory.buffer);
    parts.reduce((at, part) => (memory.set(part, at), at + part.length), address);
    return parts.map((part) => part.length);
  }

  result(code) {
    if (code < 0) return { ok: false, reason: REASONS[-code - 1] };
    const { memory, output, output_length } = this.exports;
    const body = new Uint8Array(memory.buffer, output(), output_length()).slice();
    return { ok: true, secret: code % 100, form: FORMS[Math.floor(code / 100)], body };
  }
}

/** Verifies deliveries; make one for each route and keep it. */
export class Verifier {
  #create;
  #instance;
  #limit;

  /**
   * @param {WebAssembly.Module} module the compiled `cueapi_signing_wasm.wasm`
   * @param {{ secrets: string[], tolerance?: number, canonical?: boolean, limit?: number }} options the newest secret first; the
   *   tolerance in seconds; whether bodies may have been re-encoded on their way; how many bytes a body may have
   */
  constructor(module, { secrets, tolerance = 300, canonical = false, limit = 2 << 20 }) {
    this.#limit = limit;
    this.#create = () => {
      const instance = new Instance(module);
      for (const secret of secrets) {
        instance.write(secret);
        const fault = instance.exports.add_secret();
        if (fault < 0) throw new TypeError(`a webhook secret ${SECRET_FAULTS[-fault - 1]}`);
      }
      instance.exports.configure(tolerance * 1000, canonical);
      return instance;
    };
    this.#instance = this.#create();
  }

  /**
   * Parse only the `body` of a result that is `ok`.
   *
   * @param {Uint8Array | ArrayBuffer | string} body exactly as it was received
   * @param {{ signature: string | null, timestamp: string | null }} headers `X-CueAPI-Signature` and `X-CueAPI-Timestamp`
   * @param {number} now in Unix seconds
   * @returns {{ ok: true, secret: number, form: string, body: Uint8Array } | { ok: false, reason: string }}
   */
  verify(body, { signature, timestamp }, now = Date.now() / 1000) {
    body = bytes(body);
    if (body.length > this.#limit) return TOO_LARGE;
    try {
      const [signatureLength, timestampLength] = this.#instance.write(signature ?? "", timestamp ?? "", body);
      return this.#instance.result(this.#instance.exports.verify(signatureLength, timestampLength, now * 1000));
    } catch (error) {
      // Out of memory. An instance that was stopped halfway is of no use any more.
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      this.#instance = this.#create();
      return TOO_LARGE;
    }
  }

  /** Verifies a `Request`, whose body it reads up to the limit. */
  async verifyRequest(request, now) {
    const body = await read(request.body, this.#limit);
    if (body === null) return TOO_LARGE;
    const header = (name) => request.headers.get(name);
    return this.verify(body, { signature: header("x-cueapi-signature"), timestamp: header("x-cueapi-timestamp") }, now);
  }
}

const TOO_LARGE = { ok: false, reason: "too-large" };

/** The bytes of a stream, or null when there are more than `limit`. */
async function read(stream, limit) {
  const chunks = [];
  let length = 0;
  for await (const chunk of stream ?? []) {
    length += chunk.length;
    if (length > limit) return null;
    chunks.push(chunk);
  }
  return new Blob(chunks).arrayBuffer();
}

/** Verifies one delivery as the official Python SDK's `verify_webhook` does. */
export function verifyWebhook(module, body, { signature, timestamp }, secret, tolerance = 300, now = Date.now() / 1000) {
  const instance = new Instance(module);
  const lengths = instance.write(secret, signature, timestamp, body).slice(0, 3);
  return instance.result(instance.exports.verify_webhook(...lengths, tolerance * 1000, now * 1000));
}

/** The canonical form of a JSON text: the bytes that CueAPI signs. */
export function canonicalise(module, json) {
  const instance = new Instance(module);
  instance.write(json);
  return instance.result(instance.exports.canonicalise());
}
