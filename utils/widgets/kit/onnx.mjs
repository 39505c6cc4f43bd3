// A trained model behind a widget. With a kernel Python runs it; on the page onnxruntime-web does, fetched from the
// site itself when the reader asks for it. State: onnx (base64 of the file), live, request and answer (see onnx.py).
import { make } from "./dom.mjs";
import { button } from "./controls.mjs";

const RUNTIME = "ort.wasm.bundle.min.mjs";
const BINARY = "ort-wasm-simd-threaded.wasm.gz";

// What goes wrong is said in one sentence; the cause is for the console.
class ModelFault extends Error {
  constructor(sentence, cause) {
    super(sentence, { cause });
    this.sentence = sentence;
  }
}

const fromBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const toBase64 = (bytes) => {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
};

// The file's bytes, with onProgress(share) while they arrive. The .gz is unpacked here, so that it is small from
// any server, unless the server has had the browser do it.
async function fetchPacked(url, onProgress) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  const total = Number(answer.headers.get("content-length")) || 4e6;
  const parts = [];
  let got = 0;
  for (const reader = answer.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    got += value.length;
    onProgress(Math.min(got / total, 1));
  }
  const whole = new Blob(parts);
  const [a, b] = new Uint8Array(await whole.slice(0, 2).arrayBuffer());
  const packed = a === 0x1f && b === 0x8b;
  const unpacked = packed ? whole.stream().pipeThrough(new DecompressionStream("gzip")) : whole;
  const bytes = await new Response(unpacked).arrayBuffer();
  if (new Uint8Array(bytes, 0, 4).join() !== "0,97,115,109") throw new Error(`${url} holds no WebAssembly`);
  return bytes;
}

let runtime = null; // one for all widgets of a module; forgotten when it fails, so that the reader can try again
let tries = 0;

async function loadRuntime(onProgress) {
  try {
    new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)); // the smallest there is
  } catch (error) {
    throw new ModelFault("WebAssembly is switched off in this browser, and the model needs it to run.", error);
  }
  const folder = new URL("../ort/", import.meta.url);
  try {
    // A browser remembers that an import failed: another try needs another address.
    const script = new URL(tries ? `${RUNTIME}?try=${tries}` : RUNTIME, folder);
    tries += 1;
    const [ort, binary] = await Promise.all([import(script), fetchPacked(new URL(BINARY, folder), onProgress)]);
    Object.assign(ort.env.wasm, { numThreads: 1, proxy: false, wasmBinary: binary });
    ort.env.logLevel = "error";
    return ort;
  } catch (error) {
    throw new ModelFault("The program that runs the model did not arrive; check the connection and try again.", error);
  }
}

async function pageModel(model, onProgress) {
  runtime ??= loadRuntime(onProgress);
  let ort;
  try {
    ort = await runtime;
  } catch (error) {
    runtime = null;
    throw error;
  }
  let session;
  try {
    session = await ort.InferenceSession.create(fromBase64(model.get("onnx")), { executionProviders: ["wasm"] });
  } catch (error) {
    throw new ModelFault("The model stored in this page is damaged and could not be opened.", error);
  }
  return {
    async run(inputs) {
      const feeds = Object.entries(inputs).map(([name, { data, dims }]) => [name, new ort.Tensor("float32", data, dims)]);
      const outputs = await session.run(Object.fromEntries(feeds));
      return Object.fromEntries(Object.entries(outputs).map(([name, { data, dims }]) => [name, { data, dims: [...dims] }]));
    },
    close: () => session.release?.(),
  };
}

function kernelModel(model) {
  const waiting = new Map();
  let serial = 0;
  const take = () => {
    const { id, outputs, error } = model.get("answer");
    const call = waiting.get(id);
    if (!call) return;
    waiting.delete(id);
    if (error) return call.reject(new ModelFault(error));
    call.resolve(Object.fromEntries(Object.entries(outputs).map(([name, { data, dims }]) =>
      [name, { data: new Float32Array(fromBase64(data).buffer), dims }])));
  };
  model.on("change:answer", take);
  return {
    run(inputs) {
      serial += 1;
      const id = `${Date.now()}-${serial}`; // two views of one widget must not take each other's answers
      const packed = Object.entries(inputs).map(([name, { data, dims }]) =>
        [name, { data: toBase64(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)), dims }]);
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        model.set("request", { id, inputs: Object.fromEntries(packed) });
        model.save_changes();
      });
    },
    close: () => model.off("change:answer", take),
  };
}

// Where a demo begins: the still picture of the widget and a button. begin(runner) is called once the model can
// run; runner.run({name: {data: Float32Array, dims}}) resolves to outputs of the same form. With a kernel it begins
// at once. Nothing is fetched before the reader presses the button. Returns {node, close}.
export function modelStart({ model, el, begin }) {
  if (model.get("live")) {
    const runner = kernelModel(model);
    begin(runner);
    return { node: make("div", { hidden: "" }), close: runner.close };
  }
  // The page's own picture, both themes of it: it stays for a reader who does not start, or for whom it fails.
  const figure = el.parentElement?.querySelector(":scope > figure");
  const pictures = figure ? [...figure.querySelectorAll("img")].map((image) => image.cloneNode()) : [];
  const bar = make("progress", { max: 1, value: 0, "aria-label": "download of the program that runs the model" });
  const note = make("p", { class: "bw-start-note", role: "status" });
  let runner = null;
  let closed = false;
  const go = async () => {
    if (start.getAttribute("aria-disabled") === "true") return;
    start.setAttribute("aria-disabled", "true"); // not `disabled`, which would drop the keyboard's focus
    bar.hidden = false;
    note.textContent = "Loading …";
    try {
      const opened = await pageModel(model, (share) => {
        if (bar.hidden) return; // something else has failed meanwhile, and the note says so
        bar.value = share;
        if (share === 1) note.textContent = "Starting …";
      });
      if (closed) return opened.close();
      runner = opened;
      begin(runner); // while the button still has the focus, for the widget to take over
      node.replaceChildren();
      node.hidden = true;
    } catch (error) {
      bar.hidden = true;
      bar.value = 0;
      start.setAttribute("aria-disabled", "false");
      start.textContent = "Try again";
      note.textContent = error.sentence ?? "The model could not start here.";
      console.warn(`Model: ${error.message} ${error.cause?.message ?? error.stack}`);
    }
  };
  const start = button("Start (downloads 4 MB once)", go);
  bar.hidden = true;
  const node = make("div", { class: "bw-start" }, ...pictures, make("div", { class: "bw-row" }, start, bar), note);
  return {
    node,
    close() {
      closed = true;
      runner?.close();
    },
  };
}
