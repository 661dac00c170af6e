// Runs the vectors in a worker, and verifies deliveries as a worker would: by POST, with the outcome as the answer.

import cases from "cases.json";
import module from "cueapi_signing.wasm";

import { Verifier } from "./cueapi-signing.mjs";
import { run } from "./vectors.mjs";

const [example] = cases.delivery;
const verifier = new Verifier(module, { secrets: example.analysis.secrets_tried });

export default {
  async fetch(request) {
    if (request.method === "GET") return Response.json(run(module, cases));
    const { ok, reason } = await verifier.verifyRequest(request, example.received_unix);
    return ok ? new Response("genuine") : new Response(reason, { status: 401 });
  },
};
