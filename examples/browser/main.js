// Reads what lies on the paper, each time it changes, with LiteRT.js in this browser.
// The page is that of digit-infer serve, with what head.html adds, and without what this script does not do.

import { loadAndCompile, loadLiteRt, Tensor } from "@litertjs/core";
import { showDigit, showError, showModel, showNothing } from "./answer.js";
import { boxOf, inkOf, mnistForm } from "./mnist_form.js";
import { Pad } from "./pad.js";

const byId = (id) => document.getElementById(id);
const pad = new Pad(byId("pad"), show);
const loading = load();
let asked = 0;

async function load() {
  const about = await (await fetch("model.json")).json();
  await loadLiteRt("litert/wasm/");
  const model = await loadAndCompile("model.tflite", { accelerator: "wasm" });
  showModel(about.name);
  return { model, about };
}

/** Return the probabilities of the ten digits for an image, uint8 [28 × 28]. */
async function probabilities(model, image) {
  const images = new Tensor(image, [1, 28, 28]);
  const [output] = await model.run(images);
  const found = Array.from(output.toTypedArray());
  images.delete();
  output.delete();
  return found;
}

async function show() {
  const mine = ++asked; // what lies on the paper now is what counts
  byId("invitation").hidden = !pad.isEmpty;
  showError(null);
  if (pad.isEmpty) {
    showNothing(pad);
    return;
  }
  try {
    const ink = inkOf(await onCanvas(await pad.bytes()));
    const { model, about } = await loading;
    const box = boxOf(ink);
    const image = mnistForm(ink, box);
    const found = await probabilities(model, image);
    if (mine !== asked) {
      return;
    }
    const confidence = Math.max(...found);
    showDigit(pad, {
      digit: found.indexOf(confidence),
      confidence,
      probabilities: found,
      reason: confidence < about.reject_below ? "this may be no digit" : null,
      box,
      size: [ink.width, ink.height],
      image: asPicture(28, 28, image),
      ink: asPicture(ink.width, ink.height, ink.pixels),
    });
  } catch (error) {
    showNothing(pad);
    showError(`This browser cannot run the network: ${error.message}`);
  }
}

async function onCanvas(blob) {
  const drawn = await createImageBitmap(blob);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [drawn.width, drawn.height];
  canvas.getContext("2d", { willReadFrequently: true }).drawImage(drawn, 0, 0);
  return canvas;
}

/** Return pixels, 0 to 255, as the address of a picture. */
function asPicture(width, height, pixels) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const data = Uint8ClampedArray.from({ length: 4 * pixels.length }, (_, at) => (at % 4 === 3 ? 255 : pixels[at >> 2]));
  canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
  return canvas.toDataURL();
}

for (const other of document.querySelectorAll(".mode, .file")) {
  other.remove();
}
byId("model").previousSibling.data = "It is read in this browser";
byId("clear").addEventListener("click", () => pad.clear());
byId("undo").addEventListener("click", () => pad.undo());
byId("pad").addEventListener("pointerdown", () => {
  byId("invitation").hidden = true;
});
showNothing(pad);
loading.catch((error) => showError(`The network cannot be loaded: ${error.message}`));
